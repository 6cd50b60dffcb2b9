#include "tools/flydctl/image_reference.h"

#include <fstream>
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
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read, want an OCI image layout or `host`"));
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

absl::StatusOr<std::string> FindDigest(const std::string& image) {
  if (image == "host") return absl::StrCat("sha256:", absl::BytesToHexString(tokensvc::Sha256("host")));
  const auto [layout, tag] = SplitTag(image);
  return ManifestDigest(layout, tag);
}

}  // namespace

absl::StatusOr<ImageReference> ResolveImage(const std::string& image, const std::string& want_digest) {
  absl::StatusOr<std::string> digest = FindDigest(image);
  if (!digest.ok()) return digest.status();
  if (!want_digest.empty() && *digest != want_digest) {
    return absl::InvalidArgumentError(absl::StrCat("image ", image, ": ", *digest, ", want ", want_digest));
  }
  return ImageReference{image, *digest};
}

}  // namespace tools
