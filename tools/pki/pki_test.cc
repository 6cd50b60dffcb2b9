#include "tools/pki/pki.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/rpc/certificate_facts.h"
#include "tokensvc/rpc/peer_identity.h"

namespace tools {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

std::string Whole(const std::string& path) {
  std::ifstream stream(path);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class PkiTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/pki.XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
    ASSERT_THAT(CreateAuthority(dir_ + "/ca", "dev.example", kNow), IsOk());
  }

  std::string dir_;
};

TEST_F(PkiTest, ALeafNamesFleetRoleAndName) {
  ASSERT_THAT(IssueLeaf(dir_ + "/ca", {.role = "worker", .name = "w-1"}, dir_ + "/w", kNow), IsOk());
  absl::StatusOr<tokensvc::PeerIdentity> peer =
      tokensvc::IdentifyCertificate(Whole(dir_ + "/w/cert.pem"), "dev.example", kNow);
  ASSERT_THAT(peer.status(), IsOk());
  EXPECT_EQ(peer->role, tokensvc::Role::kWorker);
  EXPECT_EQ(peer->name, "w-1");
  EXPECT_EQ(peer->certificate_not_before, kNow - absl::Minutes(1));
  EXPECT_EQ(peer->certificate_not_after, kNow + absl::Hours(24));
  EXPECT_EQ(Whole(dir_ + "/w/ca.pem"), Whole(dir_ + "/ca/ca.pem"));
  EXPECT_THAT(tokensvc::CheckKeyMatches(Whole(dir_ + "/w/cert.pem"), Whole(dir_ + "/w/key.pem")), IsOk());
  EXPECT_THAT(tokensvc::CheckKeyMatches(Whole(dir_ + "/w/cert.pem"), Whole(dir_ + "/ca/ca.key")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("private key: another key")));
}

TEST_F(PkiTest, EveryFileIsItsOwnersAlone) {
  ASSERT_THAT(IssueLeaf(dir_ + "/ca", {.role = "signer", .name = "s"}, dir_ + "/s", kNow), IsOk());
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_)) {
    struct stat facts;
    ASSERT_EQ(stat(entry.path().c_str(), &facts), 0);
    if (!S_ISREG(facts.st_mode)) continue;
    ++files;
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << entry.path();
  }
  EXPECT_EQ(files, 5);
}

TEST_F(PkiTest, ASecondRootInOneFolderIsRefused) {
  EXPECT_THAT(CreateAuthority(dir_ + "/ca", "dev.example", kNow), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(PkiTest, ARenewalReplacesKeyAndCertificate) {
  ASSERT_THAT(IssueLeaf(dir_ + "/ca", {.role = "worker", .name = "w-1"}, dir_ + "/w", kNow), IsOk());
  const std::string old_key = Whole(dir_ + "/w/key.pem");
  ASSERT_THAT(IssueLeaf(dir_ + "/ca", {.role = "worker", .name = "w-1"}, dir_ + "/w", kNow), IsOk());
  EXPECT_NE(Whole(dir_ + "/w/key.pem"), old_key);
  EXPECT_THAT(tokensvc::CheckKeyMatches(Whole(dir_ + "/w/cert.pem"), Whole(dir_ + "/w/key.pem")), IsOk());
}

TEST_F(PkiTest, WhatIsOutOfBoundsIsNamed) {
  const auto issue = [this](LeafRequest request) { return IssueLeaf(dir_ + "/ca", request, dir_ + "/x", kNow); };
  EXPECT_THAT(issue({.role = "king", .name = "a"}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("king")));
  EXPECT_THAT(issue({.role = "worker", .name = "A"}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")));
  EXPECT_THAT(issue({.role = "worker", .name = "a", .lifetime = absl::ZeroDuration()}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lifetime")));
  EXPECT_THAT(CreateAuthority(dir_ + "/y", "Dev", kNow), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fleet")));
  EXPECT_THAT(IssueLeaf(dir_ + "/none", {.role = "worker", .name = "a"}, dir_ + "/x", kNow),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("ca.pem")));
}

}  // namespace
}  // namespace tools
