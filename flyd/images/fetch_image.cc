#include "flyd/images/fetch_image.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/images/confined_command.h"
#include "flyd/images/oci_manifest.h"
#include "flyd/images/verified_image.h"

namespace flyd {
namespace {

constexpr size_t kMaxReference = 512;
constexpr absl::string_view kReferenceCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:";
// Files of the layout that are not blobs, and the file system's own use.
constexpr uint64_t kLayoutBytes = 1 << 20;

// Ours, for the tool's own settings, with a place for its temporary files.
std::vector<std::string> EnvironmentFor(const std::string& directory) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, "TMPDIR=")) environment.emplace_back(*variable);
  }
  environment.push_back(absl::StrCat("TMPDIR=", directory));
  return environment;
}

}  // namespace

absl::StatusOr<std::string> RegistryReference(absl::string_view image, const std::string& digest) {
  const auto refuse = [image](absl::string_view want) {
    return absl::FailedPreconditionError(
        absl::StrCat("image: ", absl::CHexEscape(image.substr(0, kMaxReference)), ", want ", want));
  };
  absl::string_view name = image;
  if (const size_t at = name.find('@'); at != absl::string_view::npos) {
    if (name.substr(at + 1) != digest) return refuse(absl::StrCat("the digest ", digest));
    name = name.substr(0, at);
  }
  const size_t colon = name.rfind(':');
  const size_t slash = name.rfind('/');
  const bool has_tag = colon != absl::string_view::npos && (slash == absl::string_view::npos || colon > slash);
  if (has_tag) name = name.substr(0, colon);
  if (name.empty() || name.size() > kMaxReference || name[0] == '-' || name[0] == '/' || name[0] == '.' ||
      name.find_first_not_of(kReferenceCharacters) != absl::string_view::npos) {
    return refuse("host, the absolute path of an OCI layout, or REGISTRY/NAME");
  }
  return absl::StrCat("docker://", name, "@", digest);
}

absl::Status FetchImage(absl::string_view image, const std::string& digest, const std::string& directory,
                        const FetchOptions& options) {
  absl::StatusOr<std::string> reference = RegistryReference(image, digest);
  if (!reference.ok()) return reference.status();
  ConfinedCommand skopeo = {.init_path = options.init_path,
                            .directory = directory,
                            .own_network = false,
                            .max_file_bytes = options.limits.manifest_bytes,
                            .max_directory_bytes = options.limits.manifest_bytes + kLayoutBytes,
                            .timeout = options.timeout,
                            .environment = EnvironmentFor(directory),
                            .words = {"skopeo", "inspect", "--raw", *reference}};
  absl::StatusOr<std::string> bytes = RunConfinedCommand(skopeo, options.limits.manifest_bytes);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<OciManifest> manifest = VerifyManifest(*bytes, digest, options.limits);
  if (!manifest.ok()) return manifest.status();
  uint64_t all = manifest->config.size;
  skopeo.max_file_bytes = std::max<uint64_t>(manifest->config.size, bytes->size());
  for (const LayerDescriptor& layer : manifest->layers) {
    all += layer.blob.size;
    skopeo.max_file_bytes = std::max(skopeo.max_file_bytes, layer.blob.size);
  }
  skopeo.max_directory_bytes += all;
  // Our own check by digest is the policy; a digest that would change in the copy is an error.
  skopeo.words = {"skopeo",   "copy", "--quiet", "--insecure-policy", "--preserve-digests",
                  *reference, absl::StrCat("oci:", kFetchedLayout, ":image")};
  return RunConfinedCommand(skopeo, options.limits.manifest_bytes).status();
}

}  // namespace flyd
