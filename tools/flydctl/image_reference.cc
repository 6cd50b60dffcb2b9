#include "tools/flydctl/image_reference.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tokensvc/es256/es256_verify.h"

namespace tools {
namespace {

using nlohmann::json;

// "DIR:TAG" -> ("DIR", "TAG"); a colon before the last slash belongs to the path.
std::pair<std::string, std::string> SplitTag(const std::string& image) {
  const size_t colon = image.rfind(':');
  const size_t slash = image.rfind('/');
  if (colon == image.npos || (slash != image.npos && colon < slash)) return {image, ""};
  return {image.substr(0, colon), image.substr(colon + 1)};
}

// Digest of the manifest with the tag; with none, of the only manifest.
absl::StatusOr<std::string> ManifestDigest(const std::string& layout, const std::string& tag) {
  const std::string path = absl::StrCat(layout, "/index.json");
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read, want an OCI image layout, `host`, or a registry's reference with its digest"));
  const json index = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!index.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": not JSON, want an OCI image index"));
  std::string found;
  int matches = 0;
  for (const json& manifest : index.value("manifests", json::array())) {
    const std::string name = manifest.value("annotations", json::object()).value("org.opencontainers.image.ref.name", "");
    if (!tag.empty() && name != tag) continue;
    found = manifest.value("digest", "");
    ++matches;
  }
  if (matches == 1) return found;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", matches, " manifests", tag.empty() ? "" : " of tag ", tag,
                                                 ", want exactly one"));
}

// As the worker finds it, whatever folder it runs in.
std::string AbsolutePath(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

absl::StatusOr<ImageReference> Find(const std::string& image, const std::string& want_digest) {
  if (image == "host") return ImageReference{image, absl::StrCat("sha256:", absl::BytesToHexString(tokensvc::Sha256("host")))};
  const auto [layout, tag] = SplitTag(image);
  std::error_code ignored;
  const bool is_path = image[0] == '/' || image[0] == '.' || std::filesystem::is_directory(layout, ignored);
  if (!is_path && !want_digest.empty()) return ImageReference{image, want_digest};
  absl::StatusOr<std::string> digest = ManifestDigest(layout, tag);
  if (!digest.ok()) return digest.status();
  return ImageReference{AbsolutePath(image), *digest};
}

}  // namespace

absl::StatusOr<ImageReference> ResolveImage(const std::string& image, const std::string& want_digest) {
  absl::StatusOr<ImageReference> found = image.empty() ? absl::InvalidArgumentError("image: empty, want one") : Find(image, want_digest);
  if (found.ok() && !want_digest.empty() && found->digest != want_digest) {
    return absl::InvalidArgumentError(absl::StrCat("image ", image, ": ", found->digest, ", want ", want_digest));
  }
  return found;
}

}  // namespace tools
