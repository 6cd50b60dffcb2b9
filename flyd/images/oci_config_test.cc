#include "flyd/images/oci_config.h"

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using tests::IsOk;
using tests::StatusIs;

#if defined(__aarch64__)
constexpr char kArchitecture[] = "arm64";
#else
constexpr char kArchitecture[] = "amd64";
#endif

json Config() {
  return {{"os", "linux"},
          {"architecture", kArchitecture},
          {"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + std::string(64, 'b')}}}},
          {"config",
           {{"Entrypoint", {"/bin/web", "--all"}},
            {"Cmd", {"-v"}},
            {"Env", {"A=1", "B=x=y", "C="}},
            {"User", "web:www"},
            {"WorkingDir", "/srv"}}}};
}

TEST(OciConfigTest, SaysHowTheImageIsRun) {
  const absl::StatusOr<OciConfig> config = ParseOciConfig(Config().dump(), 1);
  ASSERT_THAT(config.status(), IsOk());
  EXPECT_THAT(config->defaults.command, ElementsAre("/bin/web", "--all", "-v"));
  EXPECT_THAT(config->defaults.environment, ElementsAre(Pair("A", "1"), Pair("B", "x=y"), Pair("C", "")));
  EXPECT_EQ(config->defaults.user, "web:www");
  EXPECT_EQ(config->defaults.working_dir, "/srv");
  EXPECT_THAT(config->diff_ids, ElementsAre("sha256:" + std::string(64, 'b')));
}

TEST(OciConfigTest, EveryFieldOfTheRunMayBeAbsentOrNull) {
  json config = Config();
  config["config"] = {{"Entrypoint", nullptr}, {"Cmd", nullptr}, {"Env", nullptr}};
  EXPECT_THAT(ParseOciConfig(config.dump(), 1).status(), IsOk());
  config.erase("config");
  const absl::StatusOr<OciConfig> bare = ParseOciConfig(config.dump(), 1);
  ASSERT_THAT(bare.status(), IsOk());
  EXPECT_TRUE(bare->defaults.command.empty());
}

struct AlteredCase {
  const char* name;
  std::function<void(json&)> alter;
  const char* words;
};

class AlteredConfigTest : public testing::TestWithParam<AlteredCase> {};

TEST_P(AlteredConfigTest, IsRefusedByField) {
  json config = Config();
  GetParam().alter(config);
  EXPECT_THAT(ParseOciConfig(config.dump(), 1).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, AlteredConfigTest,
    testing::Values(
        AlteredCase{"NoObject", [](json& c) { c = 7; }, "form: not JSON"},
        AlteredCase{"AnotherSystem", [](json& c) { c["os"] = "windows"; }, "os: windows, want linux"},
        AlteredCase{"AnotherMachine", [](json& c) { c["architecture"] = "s390x"; }, "architecture: s390x, want"},
        AlteredCase{"NoRootfs", [](json& c) { c.erase("rootfs"); }, "rootfs.type"},
        AlteredCase{"TooManyLayers",
                    [](json& c) { c["rootfs"]["diff_ids"].push_back("sha256:" + std::string(64, 'c')); },
                    "rootfs.diff_ids: 2, want 1"},
        AlteredCase{"NoDigest", [](json& c) { c["rootfs"]["diff_ids"][0] = "x"; }, "rootfs.diff_ids: x"},
        AlteredCase{"CommandOfAnotherKind", [](json& c) { c["config"]["Cmd"] = "sh"; }, "Cmd: of another kind"},
        AlteredCase{"WordOfAnotherKind", [](json& c) { c["config"]["Cmd"][0] = 1; }, "Cmd: a word of another kind"},
        AlteredCase{"NulInAWord", [](json& c) { c["config"]["Cmd"][0] = std::string("a\0b", 3); }, "Cmd: a word"},
        AlteredCase{"LongCommand", [](json& c) { c["config"]["Cmd"][0] = std::string(65537, 'x'); },
                    "Cmd: 65537 bytes, want at most 65536"},
        AlteredCase{"VariableWithoutValue", [](json& c) { c["config"]["Env"][0] = "A"; }, "Env: A, want NAME=VALUE"},
        AlteredCase{"VariableWithoutName", [](json& c) { c["config"]["Env"][0] = "=1"; }, "Env: =1"},
        AlteredCase{"UserOfAnotherKind", [](json& c) { c["config"]["User"] = 7; }, "User: of another kind"},
        AlteredCase{"RelativeDirectory", [](json& c) { c["config"]["WorkingDir"] = "srv"; },
                    "WorkingDir: srv, want an absolute path"}),
    [](const auto& info) { return info.param.name; });

TEST(OciConfigTest, TheNumberOfWordsHasABound) {
  json config = Config();
  config["config"]["Env"] = json::array();
  for (int i = 0; i < 256; ++i) config["config"]["Env"].push_back("V" + std::to_string(i) + "=1");
  EXPECT_THAT(ParseOciConfig(config.dump(), 1).status(), IsOk());
  config["config"]["Env"].push_back("W=1");
  EXPECT_THAT(ParseOciConfig(config.dump(), 1).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("at most 256 strings")));
}

}  // namespace
}  // namespace flyd
