#include "flyd/images/oci_manifest.h"

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flyd/images/image_limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

json Descriptor(const std::string& type, uint64_t size) {
  return {{"mediaType", type}, {"digest", "sha256:" + std::string(64, 'a')}, {"size", size}};
}

json Manifest() {
  return {{"schemaVersion", 2},
          {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
          {"config", Descriptor("application/vnd.oci.image.config.v1+json", 10)},
          {"layers",
           {Descriptor("application/vnd.oci.image.layer.v1.tar", 20),
            Descriptor("application/vnd.oci.image.layer.v1.tar+gzip", 30)}}};
}

TEST(OciManifestTest, SaysConfigurationAndLayersInOrder) {
  const absl::StatusOr<OciManifest> manifest = ParseOciManifest(Manifest().dump(), {});
  ASSERT_THAT(manifest.status(), IsOk());
  EXPECT_EQ(manifest->config.size, 10u);
  EXPECT_EQ(manifest->config.digest, "sha256:" + std::string(64, 'a'));
  ASSERT_EQ(manifest->layers.size(), 2u);
  EXPECT_EQ(manifest->layers[0].compression, LayerCompression::kNone);
  EXPECT_EQ(manifest->layers[1].compression, LayerCompression::kGzip);
  EXPECT_EQ(manifest->layers[1].blob.size, 30u);
}

TEST(OciManifestTest, ItsOwnMediaTypeMayBeAbsent) {
  json manifest = Manifest();
  manifest.erase("mediaType");
  EXPECT_THAT(ParseOciManifest(manifest.dump(), {}).status(), IsOk());
}

struct AlteredCase {
  const char* name;
  std::function<void(json&)> alter;
  const char* words;
};

class AlteredManifestTest : public testing::TestWithParam<AlteredCase> {};

TEST_P(AlteredManifestTest, IsRefusedByField) {
  json manifest = Manifest();
  GetParam().alter(manifest);
  EXPECT_THAT(ParseOciManifest(manifest.dump(), {}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, AlteredManifestTest,
    testing::Values(
        AlteredCase{"NoObject", [](json& m) { m = json::array(); }, "form: not JSON"},
        AlteredCase{"Index", [](json& m) { m["manifests"] = json::array(); }, "an index of several platforms"},
        AlteredCase{"DockersType",
                    [](json& m) { m["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"; },
                    "media type: application/vnd.docker"},
        AlteredCase{"Version", [](json& m) { m["schemaVersion"] = 1; }, "schemaVersion"},
        AlteredCase{"NoVersion", [](json& m) { m.erase("schemaVersion"); }, "schemaVersion"},
        AlteredCase{"NoConfig", [](json& m) { m.erase("config"); }, "config: none"},
        AlteredCase{"ConfigType", [](json& m) { m["config"]["mediaType"] = "x"; }, "config media type: x"},
        AlteredCase{"ConfigSize", [](json& m) { m["config"]["size"] = 4194305; }, "config size: 4194305 bytes"},
        AlteredCase{"ConfigDigest", [](json& m) { m["config"]["digest"] = "md5:1"; }, "config digest: md5:1"},
        AlteredCase{"UpperCaseDigest",
                    [](json& m) { m["config"]["digest"] = "sha256:" + std::string(64, 'A'); }, "config digest"},
        AlteredCase{"PathAsDigest",
                    [](json& m) { m["layers"][0]["digest"] = "sha256:../" + std::string(61, 'a'); }, "layer 1 digest"},
        AlteredCase{"NoLayers", [](json& m) { m["layers"] = json::array(); }, "layers: 0, want 1 to 127"},
        AlteredCase{"LayersOfAnotherKind", [](json& m) { m["layers"] = "x"; }, "layers: 0"},
        AlteredCase{"LayerType",
                    [](json& m) { m["layers"][1]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"; },
                    "layer 2 media type: application/vnd.oci.image.layer.v1.tar+zstd"},
        AlteredCase{"LayerNoObject", [](json& m) { m["layers"][1] = 7; }, "layer 2: not an object"},
        AlteredCase{"NegativeSize", [](json& m) { m["layers"][0]["size"] = -1; }, "layer 1 size: none"},
        AlteredCase{"EmptyLayer", [](json& m) { m["layers"][0]["size"] = 0; }, "layer 1 size: 0 bytes"},
        AlteredCase{"FractionalSize", [](json& m) { m["layers"][0]["size"] = 1.5; }, "layer 1 size: none"}),
    [](const auto& info) { return info.param.name; });

TEST(OciManifestTest, AllLayersTogetherHaveABound) {
  ImageLimits limits;
  limits.blob_bytes = 50;
  EXPECT_THAT(ParseOciManifest(Manifest().dump(), limits).status(), IsOk());
  limits.blob_bytes = 49;
  EXPECT_THAT(ParseOciManifest(Manifest().dump(), limits).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("layer 2 size: 30 bytes, want 1 to 29")));
}

TEST(OciManifestTest, LayersAndBytesHaveABound) {
  json manifest = Manifest();
  manifest["layers"] = json::array();
  for (int i = 0; i < 127; ++i) manifest["layers"].push_back(Descriptor("application/vnd.oci.image.layer.v1.tar", 1));
  EXPECT_THAT(ParseOciManifest(manifest.dump(), {}).status(), IsOk());
  manifest["layers"].push_back(manifest["layers"][0]);
  EXPECT_THAT(ParseOciManifest(manifest.dump(), {}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("layers: 128, want 1 to 127")));
  const std::string text = Manifest().dump();
  ImageLimits limits;
  limits.manifest_bytes = text.size();
  EXPECT_THAT(ParseOciManifest(text, limits).status(), IsOk());
  limits.manifest_bytes = text.size() - 1;
  EXPECT_THAT(ParseOciManifest(text, limits).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("manifest: size: ")));
}

}  // namespace
}  // namespace flyd
