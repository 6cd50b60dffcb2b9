#include "flyd/images/verified_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/oci_config.h"
#include "flyd/images/oci_manifest.h"
#include "flyd/files/open_file.h"
#include "flyd/images/sha256_stream.h"

namespace flyd {
namespace {

absl::Status Differs(absl::string_view subject, absl::string_view found, absl::string_view want) {
  return absl::FailedPreconditionError(absl::StrCat(subject, ": ", found, ", want ", want));
}

// A layout may hold links; what they lead to is hashed like the rest. O_NONBLOCK: a pipe must not hold us up.
absl::StatusOr<OpenFile> OpenBlob(const std::string& layout, const std::string& digest, absl::string_view subject) {
  const std::string path = absl::StrCat(layout, "/blobs/sha256/", HexOf(digest));
  OpenFile file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR)) {
    return Differs(subject, absl::StrCat(path, " absent"), "it there");
  }
  if (!file.is_open()) return absl::UnavailableError(absl::StrCat(subject, ": ", path, ": ", strerror(errno)));
  struct stat info;
  if (fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode)) return file;
  return Differs(subject, absl::StrCat(path, " no file"), "a file");
}

// Hands the file's bytes out piece by piece, at most `max` and one more.
absl::Status ReadAll(const OpenFile& file, uint64_t max, absl::string_view subject,
                     absl::FunctionRef<void(absl::string_view)> take) {
  std::array<char, 64 * 1024> piece;
  for (uint64_t all = 0; all <= max;) {
    const ssize_t got = read(file.get(), piece.data(), std::min<uint64_t>(piece.size(), max + 1 - all));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::UnavailableError(absl::StrCat(subject, ": ", strerror(errno)));
    if (got == 0) return absl::OkStatus();
    take(absl::string_view(piece.data(), static_cast<size_t>(got)));
    all += static_cast<uint64_t>(got);
  }
  return Differs(subject, absl::StrCat("over ", max, " bytes"), "at most that");
}

absl::StatusOr<std::string> ReadBlob(const std::string& layout, const std::string& digest, uint64_t max,
                                     absl::string_view subject) {
  absl::StatusOr<OpenFile> file = OpenBlob(layout, digest, subject);
  if (!file.ok()) return file.status();
  std::string bytes;
  const auto take = [&bytes](absl::string_view piece) { bytes.append(piece.data(), piece.size()); };
  if (absl::Status read = ReadAll(*file, max, subject, take); !read.ok()) return read;
  if (const std::string found = DigestOf(bytes); found != digest) return Differs(subject, found, digest);
  return bytes;
}

absl::StatusOr<OpenFile> OpenLayer(const std::string& layout, const BlobDescriptor& blob, absl::string_view subject) {
  absl::StatusOr<OpenFile> file = OpenBlob(layout, blob.digest, subject);
  if (!file.ok()) return file.status();
  Sha256Stream hash;
  uint64_t size = 0;
  const auto take = [&hash, &size](absl::string_view piece) {
    hash.Add(piece);
    size += piece.size();
  };
  if (absl::Status read = ReadAll(*file, blob.size, subject, take); !read.ok()) return read;
  if (size != blob.size) return Differs(subject, absl::StrCat(size, " bytes"), absl::StrCat(blob.size));
  if (const std::string found = hash.Digest(); found != blob.digest) return Differs(subject, found, blob.digest);
  if (lseek(file->get(), 0, SEEK_SET) != 0) return absl::UnavailableError(absl::StrCat(subject, ": ", strerror(errno)));
  return file;
}

}  // namespace

absl::StatusOr<OciManifest> VerifyManifest(absl::string_view bytes, const std::string& digest,
                                           const ImageLimits& limits) {
  if (const std::string found = DigestOf(bytes); found != digest) return Differs("manifest", found, digest);
  return ParseOciManifest(bytes, limits);
}

absl::StatusOr<VerifiedImage> VerifiedImage::Verify(const std::string& layout, const std::string& digest,
                                                    const ImageLimits& limits) {
  if (!IsDigest(digest)) return Differs("image digest", digest, "sha256: and 64 hex digits");
  absl::StatusOr<std::string> bytes = ReadBlob(layout, digest, limits.manifest_bytes, "manifest");
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<OciManifest> manifest = ParseOciManifest(*bytes, limits);
  if (!manifest.ok()) return manifest.status();
  bytes = ReadBlob(layout, manifest->config.digest, manifest->config.size, "config");
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() != manifest->config.size) {
    return Differs("config", absl::StrCat(bytes->size(), " bytes"), absl::StrCat(manifest->config.size));
  }
  absl::StatusOr<OciConfig> config = ParseOciConfig(*bytes, manifest->layers.size());
  if (!config.ok()) return config.status();
  std::vector<OpenFile> layers;
  for (const LayerDescriptor& layer : manifest->layers) {
    absl::StatusOr<OpenFile> file = OpenLayer(layout, layer.blob, absl::StrCat("layer ", layers.size() + 1));
    if (!file.ok()) return file.status();
    layers.push_back(*std::move(file));
  }
  return VerifiedImage(*std::move(manifest), *std::move(config), std::move(layers));
}

}  // namespace flyd
