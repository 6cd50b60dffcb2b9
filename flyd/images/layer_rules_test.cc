#include "flyd/images/layer_rules.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/tar_entry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using tests::IsOk;
using tests::StatusIs;
using Kind = TarEntry::Kind;

TarEntry File(const std::string& path) { return {.path = path}; }
TarEntry Folder(const std::string& path) { return {.kind = Kind::kFolder, .path = path}; }
TarEntry Symlink(const std::string& path, const std::string& target) {
  return {.kind = Kind::kSymlink, .path = path, .target = target};
}
TarEntry HardLink(const std::string& path, const std::string& target) {
  return {.kind = Kind::kHardLink, .path = path, .target = target};
}

// What the last of these entries is answered; those before it are admitted.
absl::Status AdmitAll(std::vector<TarEntry> entries, const ImageLimits& limits = {}) {
  LayerRules rules(limits);
  absl::Status last = absl::OkStatus();
  for (size_t i = 0; i < entries.size(); ++i) {
    last = rules.Admit(entries[i]);
    if (i + 1 < entries.size()) {
      EXPECT_THAT(last, IsOk());
    }
  }
  return last;
}

struct RefusedCase {
  const char* name;
  std::vector<TarEntry> entries;  // the last is refused
  const char* words;
};

class RefusedTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedTest, SaysWhichEntryAndWhy) {
  const absl::Status status = AdmitAll(GetParam().entries);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("entry ")));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(
    Hostile, RefusedTest,
    testing::Values(
        RefusedCase{"AbsolutePath", {File("/etc/passwd")}, "path is absolute"},
        RefusedCase{"PathUpwards", {File("../etc/passwd")}, "path with .."},
        RefusedCase{"PathUpwardsInTheMiddle", {File("a/../../x")}, "path with .."},
        RefusedCase{"EmptyPath", {File("")}, "path is empty"},
        RefusedCase{"NulInPath", {File(std::string("a\0b", 3))}, "path with a NUL"},
        RefusedCase{"RootAsAFile", {File("./")}, "the root that is no folder"},
        RefusedCase{"LongName", {File(std::string(256, 'n'))}, "a name of 256 bytes, want at most 255"},
        RefusedCase{"ThroughAnAbsoluteLink", {Symlink("a", "/etc"), File("a/passwd")}, "through the link a to /etc"},
        RefusedCase{"ThroughALinkUpwards", {Symlink("d/a", "../.."), File("d/a/x")}, "want a way that stays inside"},
        RefusedCase{"ThroughAChainOfLinks",
                    {Symlink("a", "b"), Symlink("b", "/tmp"), File("a/x")},
                    "through the link b to /tmp"},
        RefusedCase{"ThroughALinkMadeThroughALink",
                    {Folder("real"), Symlink("alias", "real"), Symlink("alias/out", "/"), File("real/out/x")},
                    "through the link real/out to /"},
        RefusedCase{"ThroughACircle", {Symlink("a", "b"), Symlink("b", "a"), File("a/x")}, "want a way that stays inside"},
        RefusedCase{"AbsoluteHardLink", {HardLink("h", "/etc/shadow")}, "link target is absolute"},
        RefusedCase{"HardLinkUpwards", {HardLink("h", "../../etc/shadow")}, "link target with .."},
        RefusedCase{"HardLinkThroughALink", {Symlink("a", "/etc"), HardLink("h", "a/shadow")}, "through the link a"},
        RefusedCase{"EmptySymlink", {Symlink("s", "")}, "link target of 0 bytes"},
        RefusedCase{"WhiteoutOfNothing", {File("d/.wh.")}, "a whiteout of nothing"},
        RefusedCase{"WhiteoutOfTheFolder", {File("d/.wh..")}, "a whiteout of nothing"},
        RefusedCase{"WhiteoutOfTheParent", {File("d/.wh...")}, "a whiteout of nothing"},
        RefusedCase{"WhiteoutOfAWhiteout", {File("d/.wh..wh.x")}, "a whiteout of nothing"},
        RefusedCase{"WhiteoutAsAFolder", {Folder(".wh.x")}, "more than an empty file"},
        RefusedCase{"WhiteoutAsALink", {Symlink(".wh.x", "/")}, "more than an empty file"},
        RefusedCase{"WhiteoutAsAHardLink", {HardLink(".wh.x", "y")}, "more than an empty file"},
        RefusedCase{"WhiteoutWithContent", {{.path = ".wh.x", .size = 1}}, "more than an empty file"},
        RefusedCase{"WhiteoutOnTheWay", {File(".wh.d/x")}, "a whiteout where none can be"},
        RefusedCase{"LinkToAWhiteout", {HardLink("h", "d/.wh.x")}, "a whiteout where none can be"},
        RefusedCase{"WhiteoutThroughALink", {Symlink("a", "/etc"), File("a/.wh.passwd")}, "through the link a"},
        RefusedCase{"OpaqueThroughALink", {Symlink("a", "/etc"), File("a/.wh..wh..opq")}, "through the link a"},
        RefusedCase{"ForeignOwner", {{.path = "f", .uid = 65536}}, "owner 65536:0, want ids up to 65535"},
        RefusedCase{"ForeignGroup", {{.path = "f", .gid = 65536}}, "owner 0:65536"},
        RefusedCase{"OverlayMark", {{.path = "f", .xattrs = {{"user.overlay.redirect", "/"}}}}, "user.overlay.redirect"},
        RefusedCase{"TrustedAttribute", {{.path = "f", .xattrs = {{"trusted.overlay.opaque", "y"}}}}, "trusted.overlay"},
        RefusedCase{"BombInOneFile", {{.path = "f", .size = uint64_t{10} << 30}}, "10737418240 bytes, want at most 8589934592"},
        RefusedCase{"HugeSize", {File("a"), {.path = "f", .size = ~uint64_t{0}}}, "18446744073709551615 bytes"}),
    [](const auto& info) { return info.param.name; });

TEST(LayerRulesTest, WhatHonestImagesHaveIsAdmitted) {
  EXPECT_THAT(AdmitAll({Folder("./"), Folder("./usr//bin/"), Symlink("bin", "usr/bin"), File("bin/sh"),
                        Symlink("etc/alternatives/awk", "/usr/bin/mawk"), Symlink("var/run", "/run"),
                        HardLink("usr/bin/bash", "bin/sh"), File("d/.wh.x"), File("d/.wh..wh..opq"), File("a.wh.b"),
                        File(std::string(255, 'n')), {.path = "f", .uid = 65535, .gid = 65535}}),
              IsOk());
}

TEST(LayerRulesTest, PathsComeIntoTheirPlainForm) {
  LayerRules rules({});
  TarEntry entry = Folder("./a//b/./");
  ASSERT_THAT(rules.Admit(entry), IsOk());
  EXPECT_EQ(entry.path, "a/b");
  entry = Folder("./");
  ASSERT_THAT(rules.Admit(entry), IsOk());
  EXPECT_EQ(entry.path, ".");
}

TEST(LayerRulesTest, PrivilegesOfFilesAreTakenOff) {
  LayerRules rules({});
  TarEntry entry = {.path = "su", .mode = 07755, .xattrs = {{"security.capability", "x"}, {"security.selinux", "y"}}};
  ASSERT_THAT(rules.Admit(entry), IsOk());
  EXPECT_EQ(entry.mode, 01755u);
  EXPECT_THAT(entry.xattrs, IsEmpty());
}

TEST(LayerRulesTest, ALinkThatIsReplacedLeadsNowhere) {
  const std::vector<std::vector<TarEntry>> ways = {{Symlink("a", "/etc"), Folder("a"), File("a/x")},
                                                   {Symlink("a", "/etc"), File("a"), Folder("a"), File("a/x")},
                                                   {Symlink("a", "/etc"), File(".wh.a"), File("a/x")},
                                                   {Symlink("d/a", "/etc"), File(".wh.d"), File("d/a/x")},
                                                   {Symlink("d/a", "/etc"), File("d/.wh..wh..opq"), File("d/a/x")},
                                                   {Symlink("a", "/etc"), Symlink("a", "b"), File("a/x")}};
  for (const std::vector<TarEntry>& way : ways) EXPECT_THAT(AdmitAll(way), IsOk());
}

TEST(LayerRulesTest, EntriesAreCountedWithTheFoldersThatTheyImply) {
  ImageLimits limits;
  limits.entries = 3;
  EXPECT_THAT(AdmitAll({File("a/b/f")}, limits), IsOk());
  EXPECT_THAT(AdmitAll({File("a/b/f"), File("a/b/g")}, limits),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("entry 4 of the image, want at most 3")));
  EXPECT_THAT(AdmitAll({File("a/b/c/f")}, limits), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(LayerRulesTest, DepthIsBoundedAlsoThroughLinks) {
  std::string path = "d";
  for (int depth = 2; depth <= 128; ++depth) path += "/d";
  EXPECT_THAT(AdmitAll({File(path)}), IsOk());
  EXPECT_THAT(AdmitAll({File(path + "/d")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("129 folders deep, want at most 128")));
  EXPECT_THAT(AdmitAll({Symlink("l", path), File("l/x")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("129 folders deep")));
}

TEST(LayerRulesTest, ContentsAreCountedTogether) {
  ImageLimits limits;
  limits.unpacked_bytes = 10;
  EXPECT_THAT(AdmitAll({{.path = "a", .size = 4}, {.path = "b", .size = 6}}, limits), IsOk());
  EXPECT_THAT(AdmitAll({{.path = "a", .size = 4}, {.path = "b", .size = 7}}, limits),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("7 bytes, want at most 6")));
}

TEST(LayerRulesTest, LinksInMemoryAreBounded) {
  ImageLimits limits;
  limits.link_bytes = 4;
  EXPECT_THAT(AdmitAll({Symlink("a", "bcd"), Symlink("a", "xyz")}, limits), IsOk());
  EXPECT_THAT(AdmitAll({Symlink("a", "bcd"), Symlink("b", "x")}, limits),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("links of 6 bytes, want at most 4")));
}

}  // namespace
}  // namespace flyd
