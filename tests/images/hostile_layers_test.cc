#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "flyd/images/sha256_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/images/raw_tar.h"
#include "tests/images/store_fixture.h"
#include "tests/images/test_layout.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Archives that want to write OUTSIDE: the folder that StoreTest watches.
struct HostileCase {
  const char* name;
  std::function<std::vector<std::string>(const std::string& outside)> layers;
  const char* words;
};

std::vector<std::string> One(const std::vector<RawEntry>& entries) { return {EncodeArchive(entries)}; }

const HostileCase kHostile[] = {
    {"PathUpwards",
     [](const std::string&) { return One({{.name = "../../../../outside/x", .content = "x"}}); },
     "layer 1: entry ../../../../outside/x: path with .."},
    {"AbsolutePath", [](const std::string& outside) { return One({{.name = outside + "/x"}}); }, "path is absolute"},
    {"AbsolutePathInPax",
     [](const std::string& outside) {
       return std::vector<std::string>{EncodePax({{"path", outside + "/x"}}) + EncodeRawEntry({.name = "f"}) + EndOfArchive()};
     },
     "path is absolute"},
    {"FileThroughAnAbsoluteLink",
     [](const std::string& outside) { return One({{.name = "l", .type = '2', .link = outside}, {.name = "l/x"}}); },
     "entry l/x: leads through the link l to /"},
    {"FileThroughALinkOfALowerLayer",
     [](const std::string& outside) {
       return std::vector<std::string>{EncodeArchive({{.name = "l", .type = '2', .link = outside}}),
                                       EncodeArchive({{.name = "l/x", .content = "x"}})};
     },
     "layer 2: entry l/x: leads through the link l"},
    {"FileThroughALinkUpwards",
     [](const std::string&) {
       return One({{.name = "l", .type = '2', .link = "../../../../outside"}, {.name = "l/x"}});
     },
     "want a way that stays inside"},
    {"WhiteoutThroughALink",
     [](const std::string& outside) {
       return One({{.name = "l", .type = '2', .link = outside}, {.name = "l/.wh.canary"}});
     },
     "want a way that stays inside"},
    {"OpaqueWhiteoutThroughALink",
     [](const std::string& outside) {
       return One({{.name = "l", .type = '2', .link = outside}, {.name = "l/.wh..wh..opq"}});
     },
     "want a way that stays inside"},
    {"WhiteoutOfTheParent", [](const std::string&) { return One({{.name = "d/.wh..."}}); }, "a whiteout of nothing"},
    {"WhiteoutDevice", [](const std::string&) { return One({{.name = "d/x", .type = '3'}}); },
     "entry d/x: a character device"},
    {"HardLinkToTheHost",
     [](const std::string& outside) { return One({{.name = "h", .type = '1', .link = outside + "/canary"}}); },
     "link target is absolute"},
    {"HardLinkUpwards",
     [](const std::string&) { return One({{.name = "h", .type = '1', .link = "../../../../outside/canary"}}); },
     "link target with .."},
    {"HardLinkThroughALink",
     [](const std::string& outside) {
       return One({{.name = "l", .type = '2', .link = outside}, {.name = "h", .type = '1', .link = "l/canary"}});
     },
     "want a way that stays inside"},
    {"CharacterDevice", [](const std::string&) { return One({{.name = "dev/mem", .type = '3', .mode = 0666}}); },
     "entry dev/mem: a character device"},
    {"BlockDevice", [](const std::string&) { return One({{.name = "dev/sda", .type = '4'}}); }, "a block device"},
    {"Pipe", [](const std::string&) { return One({{.name = "p", .type = '6'}}); }, "a pipe"},
    {"OverlayRedirect",
     [](const std::string&) {
       return std::vector<std::string>{EncodePax({{"SCHILY.xattr.user.overlay.redirect", "/.."}}) +
                                       EncodeRawEntry({.name = "d/", .type = '5'}) + EndOfArchive()};
     },
     "attribute user.overlay.redirect"},
    {"BombInOneFile",
     [](const std::string&) { return One({{.name = "bomb", .size_field = "120000000000"}}); },
     "entry bomb: 10737418240 bytes, want at most 8589934592"},
    {"ForeignIds", [](const std::string&) { return One({{.name = "f", .uid = 100000}}); }, "owner 100000:0"},
    {"NoArchive", [](const std::string&) { return std::vector<std::string>{std::string(2048, 'x')}; }, "layer 1: tar: "},
};

class HostileLayersTest : public StoreTest, public testing::WithParamInterface<HostileCase> {};

TEST_P(HostileLayersTest, WriteNothingAndEndInAClearError) {
  TestLayout layout(Folder("web"));
  for (const std::string& archive : GetParam().layers(Folder("outside"))) layout.AddLayer(archive);
  const absl::Status status = store_->Prepare(layout.folder(), layout.Finish()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(GetParam().words)));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("want ")));
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
}

INSTANTIATE_TEST_SUITE_P(All, HostileLayersTest, testing::ValuesIn(kHostile),
                         [](const auto& info) { return info.param.name; });

// Ten gibibytes in ten megabytes of gzip: 160 times the same member of 64 MiB.
std::string TenGibibytes(const std::string& member) {
  const std::string once = Gzip(member + std::string((64 << 20) - member.size(), '\0'));
  std::string all;
  for (int i = 0; i < 160; ++i) all += once;
  return all;
}

TEST_F(StoreTest, ABombOfTenGibibytesInManyFilesIsStoppedAtTheLimit) {
  OpenStore({.unpacked_bytes = 200 << 20});
  TestLayout layout(Folder("web"));
  const std::string header = EncodeRawEntry({.name = "f", .size_field = "00377777000"});
  layout.AddGzipLayer(TenGibibytes(header), flyd::DigestOf("whatever"));
  EXPECT_THAT(store_->Prepare(layout.folder(), layout.Finish()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("67108352 bytes, want at most 8390144")));
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
}

TEST_F(StoreTest, ABombOfTenGibibytesBehindTheArchiveIsStoppedAtTheLimit) {
  OpenStore({.unpacked_bytes = 200 << 20});
  TestLayout layout(Folder("web"));
  layout.AddGzipLayer(TenGibibytes(EndOfArchive()), flyd::DigestOf("whatever"));
  EXPECT_THAT(store_->Prepare(layout.folder(), layout.Finish()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("unpacked: over 209715200 bytes")));
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
}

TEST_F(StoreTest, ManyFilesAreStoppedAtTheLimit) {
  OpenStore({.entries = 1000});
  std::vector<RawEntry> entries(1000, RawEntry{.name = "f"});
  EXPECT_THAT(store_->Prepare(Folder("most"), MakeImage("most", entries)).status(), IsOk());
  entries.push_back({.name = "f"});
  EXPECT_THAT(store_->Prepare(Folder("more"), MakeImage("more", entries)).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("entry 1001 of the image, want at most 1000")));
}

}  // namespace
}  // namespace tests
