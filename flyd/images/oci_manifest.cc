#include "flyd/images/oci_manifest.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/sha256_stream.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

constexpr absl::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr absl::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr absl::string_view kTarType = "application/vnd.oci.image.layer.v1.tar";
constexpr absl::string_view kGzipType = "application/vnd.oci.image.layer.v1.tar+gzip";
// Of a value that somebody else wrote, in a message of ours.
constexpr size_t kMaxQuoted = 100;

absl::Status Wrong(absl::string_view subject, absl::string_view found, absl::string_view want) {
  return absl::FailedPreconditionError(
      absl::StrCat("manifest: ", subject, ": ", absl::CHexEscape(found.substr(0, kMaxQuoted)), ", want ", want));
}

std::string TextOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

absl::StatusOr<BlobDescriptor> ReadBlob(const Json& json, const std::string& subject, uint64_t max_size) {
  BlobDescriptor blob = {.digest = TextOf(json, "digest")};
  if (!IsDigest(blob.digest)) return Wrong(subject + " digest", blob.digest, "sha256: and 64 hex digits");
  const auto size = json.find("size");
  if (size == json.end() || !size->is_number_unsigned()) return Wrong(subject + " size", "none", "a number of bytes");
  blob.size = size->get<uint64_t>();
  if (blob.size == 0 || blob.size > max_size) {
    return Wrong(subject + " size", absl::StrCat(blob.size, " bytes"), absl::StrCat("1 to ", max_size));
  }
  return blob;
}

absl::StatusOr<LayerDescriptor> ReadLayer(const Json& json, const std::string& subject, uint64_t max_size) {
  if (!json.is_object()) return Wrong(subject, "not an object", "a descriptor");
  const std::string type = TextOf(json, "mediaType");
  if (type != kTarType && type != kGzipType) {
    return Wrong(subject + " media type", type, absl::StrCat(kTarType, " or ", kGzipType));
  }
  absl::StatusOr<BlobDescriptor> blob = ReadBlob(json, subject, max_size);
  if (!blob.ok()) return blob.status();
  return LayerDescriptor{.blob = *std::move(blob),
                         .compression = type == kGzipType ? LayerCompression::kGzip : LayerCompression::kNone};
}

absl::Status CheckKind(const Json& json) {
  if (json.contains("manifests")) {
    return Wrong("kind", "an index of several platforms", "the manifest of one: place that one's digest");
  }
  const std::string type = TextOf(json, "mediaType");
  // Optional in version 1.0 of the specification.
  if (json.contains("mediaType") && type != kManifestType) return Wrong("media type", type, kManifestType);
  const auto version = json.find("schemaVersion");
  if (version == json.end() || *version != 2) return Wrong("schemaVersion", "another", "2");
  return absl::OkStatus();
}

absl::StatusOr<BlobDescriptor> ReadConfig(const Json& json, const ImageLimits& limits) {
  const auto config = json.find("config");
  if (config == json.end() || !config->is_object()) return Wrong("config", "none", "a descriptor");
  if (const std::string type = TextOf(*config, "mediaType"); type != kConfigType) {
    return Wrong("config media type", type, kConfigType);
  }
  return ReadBlob(*config, "config", limits.config_bytes);
}

}  // namespace

absl::StatusOr<OciManifest> ParseOciManifest(absl::string_view text, const ImageLimits& limits) {
  if (text.size() > limits.manifest_bytes) {
    return Wrong("size", absl::StrCat(text.size(), " bytes"), absl::StrCat("at most ", limits.manifest_bytes));
  }
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Wrong("form", "not JSON", "an object");
  if (absl::Status kind = CheckKind(json); !kind.ok()) return kind;
  absl::StatusOr<BlobDescriptor> config = ReadConfig(json, limits);
  if (!config.ok()) return config.status();
  OciManifest manifest = {.config = *std::move(config)};
  const auto layers = json.find("layers");
  const size_t count = layers != json.end() && layers->is_array() ? layers->size() : 0;
  if (count == 0 || count > limits.layers) {
    return Wrong("layers", absl::StrCat(count), absl::StrCat("1 to ", limits.layers));
  }
  uint64_t left = limits.blob_bytes;
  for (const Json& layer : *layers) {
    absl::StatusOr<LayerDescriptor> read =
        ReadLayer(layer, absl::StrCat("layer ", manifest.layers.size() + 1), left);
    if (!read.ok()) return read.status();
    left -= read->blob.size;
    manifest.layers.push_back(*std::move(read));
  }
  return manifest;
}

}  // namespace flyd
