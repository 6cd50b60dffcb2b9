#include "flyd/images/unpack_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/images/confined_command.h"
#include "flyd/images/layer_rules.h"
#include "flyd/files/open_file.h"
#include "flyd/files/remove_tree.h"
#include "flyd/images/rewrite_layer.h"
#include "flyd/images/sha256_stream.h"
#include "flyd/images/verified_image.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

constexpr char kLayout[] = "layout";
constexpr char kTag[] = "image";
// An inode and a block of a folder, for each entry that umoci makes.
constexpr uint64_t kEntryBytes = 8192;
constexpr size_t kMaxToolOutput = 1 << 20;

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want to make it"));
}

// Not synced: the layout is gone before the image counts as there.
absl::Status WriteWholeFile(const std::string& path, const std::string& text) {
  const OpenFile file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.is_open() && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want to write it"));
}

Json Descriptor(absl::string_view type, const BlobDescriptor& blob) {
  return {{"mediaType", std::string(type)}, {"digest", blob.digest}, {"size", blob.size}};
}

// The layout that umoci reads.
class OwnLayout {
 public:
  explicit OwnLayout(const std::string& directory)
      : folder_(absl::StrCat(directory, "/", kLayout)), blobs_(absl::StrCat(folder_, "/blobs/sha256")) {}

  absl::Status Create() const {
    if (absl::Status made = MakeFolder(folder_); !made.ok()) return made;
    if (absl::Status made = MakeFolder(absl::StrCat(folder_, "/blobs")); !made.ok()) return made;
    return MakeFolder(blobs_);
  }

  absl::StatusOr<RewrittenLayer> AddLayer(const VerifiedImage& image, size_t index, uint64_t max_bytes, LayerRules& rules) {
    const std::string path = absl::StrCat(blobs_, "/new");
    const OpenFile out(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!out.is_open()) return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
    absl::StatusOr<RewrittenLayer> layer = RewriteLayer(image.layer_fd(index), image.manifest().layers[index],
                                                        image.config().diff_ids[index], max_bytes, rules, out.get());
    if (!layer.ok()) return layer;
    if (rename(path.c_str(), absl::StrCat(blobs_, "/", HexOf(layer->blob.digest)).c_str()) != 0) {
      return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
    }
    layers_.push_back(Descriptor("application/vnd.oci.image.layer.v1.tar", layer->blob));
    diff_ids_.push_back(layer->blob.digest);
    return layer;
  }

  absl::Status Finish() const {
    absl::StatusOr<Json> config = AddBlob("application/vnd.oci.image.config.v1+json",
                                          {{"os", "linux"},
                                           {"architecture", "amd64"},
                                           {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids_}}}});
    if (!config.ok()) return config.status();
    absl::StatusOr<Json> manifest = AddBlob("application/vnd.oci.image.manifest.v1+json",
                                            {{"schemaVersion", 2}, {"config", *config}, {"layers", layers_}});
    if (!manifest.ok()) return manifest.status();
    (*manifest)["annotations"] = {{"org.opencontainers.image.ref.name", kTag}};
    const Json index = {{"schemaVersion", 2}, {"manifests", Json::array({*manifest})}};
    if (absl::Status wrote = WriteWholeFile(absl::StrCat(folder_, "/index.json"), index.dump()); !wrote.ok()) return wrote;
    return WriteWholeFile(absl::StrCat(folder_, "/oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
  }

 private:
  absl::StatusOr<Json> AddBlob(absl::string_view type, const Json& json) const {
    const std::string text = json.dump();
    const BlobDescriptor blob = {.digest = DigestOf(text), .size = text.size()};
    const std::string path = absl::StrCat(blobs_, "/", HexOf(blob.digest));
    if (absl::Status wrote = WriteWholeFile(path, text); !wrote.ok()) return wrote;
    return Descriptor(type, blob);
  }

  const std::string folder_;
  const std::string blobs_;
  std::vector<Json> layers_;
  std::vector<std::string> diff_ids_;
};

absl::Status RunUmoci(const std::string& directory, uint64_t bytes, const UnpackOptions& options) {
  ConfinedCommand umoci = {.init_path = options.init_path,
                           .directory = directory,
                           .max_file_bytes = bytes,
                           .max_directory_bytes = 2 * bytes + options.limits.entries * kEntryBytes,
                           .timeout = options.timeout,
                           .environment = {"PATH=/usr/local/bin:/usr/bin:/bin"},
                           .words = {"umoci", "raw", "unpack"}};
  if (geteuid() != 0) umoci.words.push_back("--rootless");
  umoci.words.insert(umoci.words.end(), {"--image", absl::StrCat(kLayout, ":", kTag), kRootfs});
  return RunConfinedCommand(umoci, kMaxToolOutput).status();
}

}  // namespace

absl::Status UnpackImage(const VerifiedImage& image, const std::string& directory, const UnpackOptions& options) {
  OwnLayout layout(directory);
  if (absl::Status created = layout.Create(); !created.ok()) return created;
  LayerRules rules(options.limits);
  uint64_t left = options.limits.unpacked_bytes;
  uint64_t written = 0;
  for (size_t index = 0; index < image.manifest().layers.size(); ++index) {
    absl::StatusOr<RewrittenLayer> layer = layout.AddLayer(image, index, left, rules);
    if (!layer.ok()) {
      return absl::Status(layer.status().code(), absl::StrCat("layer ", index + 1, ": ", layer.status().message()));
    }
    left -= layer->unpacked_bytes;
    written += layer->blob.size;
  }
  if (absl::Status finished = layout.Finish(); !finished.ok()) return finished;
  if (absl::Status unpacked = RunUmoci(directory, written, options); !unpacked.ok()) return unpacked;
  return RemoveTree(absl::StrCat(directory, "/", kLayout));
}

}  // namespace flyd
