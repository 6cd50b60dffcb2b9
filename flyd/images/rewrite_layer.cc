#include "flyd/images/rewrite_layer.h"

#include <array>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/images/layer_rules.h"
#include "flyd/images/layer_stream.h"
#include "flyd/images/oci_manifest.h"
#include "flyd/images/tar_entry.h"
#include "flyd/images/tar_reader.h"
#include "flyd/images/tar_writer.h"

namespace flyd {
namespace {

absl::Status CopyContent(TarReader& reader, TarWriter& writer) {
  std::array<char, 64 * 1024> piece;
  for (;;) {
    absl::StatusOr<size_t> got = reader.ReadContent(piece.data(), piece.size());
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::OkStatus();
    if (absl::Status put = writer.WriteContent(absl::string_view(piece.data(), *got)); !put.ok()) return put;
  }
}

absl::Status CopyEntries(TarReader& reader, LayerRules& rules, TarWriter& writer) {
  for (;;) {
    absl::StatusOr<std::optional<TarEntry>> next = reader.Next();
    if (!next.ok()) return next.status();
    if (!next->has_value()) return writer.Finish();
    TarEntry& entry = **next;
    if (absl::Status admitted = rules.Admit(entry); !admitted.ok()) return admitted;
    if (absl::Status begun = writer.Begin(entry); !begun.ok()) return begun;
    if (absl::Status copied = CopyContent(reader, writer); !copied.ok()) return copied;
  }
}

absl::Status Compare(absl::string_view what, const std::string& found, const std::string& want) {
  if (found == want) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(what, ": ", found, ", want ", want));
}

}  // namespace

absl::StatusOr<RewrittenLayer> RewriteLayer(int blob_fd, const LayerDescriptor& layer, const std::string& diff_id,
                                            uint64_t max_bytes, LayerRules& rules, int out_fd) {
  LayerStream stream(blob_fd, layer.compression, max_bytes);
  TarReader reader(stream);
  TarWriter writer(out_fd);
  if (absl::Status copied = CopyEntries(reader, rules, writer); !copied.ok()) return copied;
  if (absl::Status same = Compare("blob", stream.BlobDigest(), layer.blob.digest); !same.ok()) return same;
  if (absl::Status same = Compare("diff_id", stream.UnpackedDigest(), diff_id); !same.ok()) return same;
  return RewrittenLayer{.blob = {.digest = writer.Digest(), .size = writer.size()},
                        .unpacked_bytes = stream.unpacked_bytes()};
}

}  // namespace flyd
