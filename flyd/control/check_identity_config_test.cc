#include "flyd/control/check_identity_config.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using fly::machines::v1::IdentityConfig;
using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

IdentityConfig WithFile(const std::string& path, const std::string& audience, uint32_t mode, const std::string& owner) {
  IdentityConfig identity;
  auto& file = *identity.add_files();
  file.set_path(path);
  file.set_audience(audience);
  file.set_mode(mode);
  file.set_owner(owner);
  return identity;
}

struct FileCase {
  const char* name;
  std::string path = "/.fly/vault";
  std::string audience = "https://vault.example";
  uint32_t mode = 0;
  std::string owner = "";
  std::string refusal = "";  // empty: accepted
};
class FileTest : public testing::TestWithParam<FileCase> {};

TEST_P(FileTest, IsBounded) {
  const FileCase& c = GetParam();
  const absl::Status checked = CheckIdentityConfig(WithFile(c.path, c.audience, c.mode, c.owner));
  if (c.refusal.empty()) {
    EXPECT_THAT(checked, IsOk());
  } else {
    EXPECT_THAT(checked, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.refusal)));
  }
}

const char kPathWords[] = "config.identity.files.path: ";

INSTANTIATE_TEST_SUITE_P(
    Bounds, FileTest,
    testing::Values(FileCase{.name = "Usual"},
                    FileCase{.name = "LongestName", .path = "/.fly/" + std::string(64, 'a')},
                    FileCase{.name = "PastLongestName", .path = "/.fly/" + std::string(65, 'a'), .refusal = kPathWords},
                    FileCase{.name = "NoName", .path = "/.fly/", .refusal = kPathWords},
                    FileCase{.name = "NoPath", .path = "", .refusal = kPathWords},
                    FileCase{.name = "Relative", .path = "vault", .refusal = kPathWords},
                    FileCase{.name = "Elsewhere", .path = "/run/vault", .refusal = kPathWords},
                    FileCase{.name = "Folder", .path = "/.fly/a/b", .refusal = kPathWords},
                    FileCase{.name = "Upward", .path = "/.fly/../etc/passwd", .refusal = kPathWords},
                    FileCase{.name = "Hidden", .path = "/.fly/.vault", .refusal = kPathWords},
                    FileCase{.name = "Nul", .path = std::string("/.fly/a\0b", 9), .refusal = kPathWords},
                    FileCase{.name = "Socket", .path = "/.fly/api", .refusal = "/.fly/api, want another name"},
                    FileCase{.name = "GooglesCredentials", .path = "/.fly/google_credentials.json",
                             .refusal = "google_credentials.json, want another name"},
                    FileCase{.name = "ACloudsOwn", .path = "/.fly/oidc_token"},
                    FileCase{.name = "DefaultAudience", .audience = ""},
                    FileCase{.name = "LongestAudience", .audience = std::string(255, 'a')},
                    FileCase{.name = "PastLongestAudience", .audience = std::string(256, 'a'),
                             .refusal = "files.audience: 256 bytes"},
                    FileCase{.name = "ControlInAudience", .audience = "a\nb", .refusal = "files.audience: 3 bytes"},
                    FileCase{.name = "WidestMode", .mode = 0644},
                    FileCase{.name = "GroupMayWrite", .mode = 0620, .refusal = "files.mode: 0620, want at most 0644"},
                    FileCase{.name = "OthersMayWrite", .mode = 0602, .refusal = "files.mode: 0602"},
                    FileCase{.name = "Executable", .mode = 0700, .refusal = "files.mode: 0700"},
                    FileCase{.name = "SetUser", .mode = 04600, .refusal = "files.mode: 04600"},
                    FileCase{.name = "LongestOwner", .owner = std::string(64, 'u')},
                    FileCase{.name = "PastLongestOwner", .owner = std::string(65, 'u'),
                             .refusal = "files.owner: 65 bytes"}),
    [](const auto& info) { return info.param.name; });

TEST(CheckIdentityConfigTest, SixteenFilesAreTheMost) {
  IdentityConfig identity;
  for (int i = 0; i < 16; ++i) identity.add_files()->set_path(absl::StrCat("/.fly/t", i));
  EXPECT_THAT(CheckIdentityConfig(identity), IsOk());
  identity.add_files()->set_path("/.fly/t16");
  EXPECT_THAT(CheckIdentityConfig(identity),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("files: 17, want at most 16")));
}

TEST(CheckIdentityConfigTest, APathStandsOnce) {
  IdentityConfig identity = WithFile("/.fly/vault", "a", 0, "");
  identity.add_files()->set_path("/.fly/vault");
  EXPECT_THAT(CheckIdentityConfig(identity),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/.fly/vault twice, want each once")));
}

TEST(CheckIdentityConfigTest, TheSocketIsNeverExecutable) {
  IdentityConfig identity;
  identity.set_socket_mode(0666);
  EXPECT_THAT(CheckIdentityConfig(identity), IsOk());
  identity.set_socket_mode(0766);
  EXPECT_THAT(CheckIdentityConfig(identity),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("socket_mode: 0766, want at most 0666")));
}

}  // namespace
}  // namespace flyd
