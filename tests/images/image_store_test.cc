#include "flyd/images/image_store.h"

#include <signal.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/images/sha256_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/images/store_fixture.h"
#include "tests/images/test_layout.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

namespace fs = std::filesystem;
using flyd::StoredImage;
using testing::ElementsAre;
using testing::HasSubstr;

struct stat Look(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info;
}

TEST_F(StoreTest, WhatNoMachineHasIsRemovedOnceNobodyHasWantedItForAWhile) {
  const std::string used = MakeImage("used", {{.name = "a", .content = "used"}});
  const std::string unused = MakeImage("unused", {{.name = "a", .content = "unused"}});
  const std::string wanted = MakeImage("wanted", {{.name = "a", .content = "wanted"}});
  for (const auto& [name, digest] : {std::pair("used", used), std::pair("unused", unused), std::pair("wanted", wanted)}) {
    ASSERT_THAT(store_->Prepare(Folder(name), digest).status(), IsOk());
  }
  const absl::Time now = tokensvc::RealClock().Now();
  EXPECT_THAT(store_->RemoveUnused({used}, now - absl::Hours(1)), IsOkAndHolds(0)) << "they were wanted just now";
  for (const std::string& digest : {used, unused, wanted}) {
    fs::last_write_time(Folder("store") + "/sha256/" + digest.substr(7), fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  ASSERT_THAT(store_->Prepare(Folder("wanted"), wanted).status(), IsOk());
  EXPECT_THAT(store_->RemoveUnused({used}, now - absl::Hours(24)), IsOkAndHolds(1));
  EXPECT_FALSE(fs::exists(Folder("store") + "/sha256/" + unused.substr(7)));
  const absl::StatusOr<StoredImage> again = store_->Prepare(Folder("unused"), unused);
  ASSERT_THAT(again.status(), IsOk());
  EXPECT_EQ(ReadTestFile(again->rootfs + "/a"), "unused");
}

TEST_F(StoreTest, LayersBecomeOneTreeWithItsOwnersAndDefaults) {
  TestLayout layout(Folder("web"));
  layout.AddLayer(EncodeArchive({{.name = "bin/", .type = '5', .mode = 0755},
                                 {.name = "bin/web", .content = "program", .mode = 0755},
                                 {.name = "srv/", .type = '5', .mode = 0750, .uid = 1000, .gid = 7},
                                 {.name = "srv/old", .content = "x"},
                                 {.name = "etc/passwd", .content = "web"},
                                 {.name = "sh", .type = '2', .link = "/bin/web"}}));
  layout.AddPlainLayer(EncodeArchive({{.name = "srv/.wh.old"},
                                      {.name = "etc/.wh..wh..opq"},
                                      {.name = "etc/group", .content = "www"},
                                      {.name = "bin/copy", .type = '1', .link = "bin/web"}}));
  layout.SetRun({{"Cmd", {"/bin/web"}}, {"User", "web"}});
  const absl::StatusOr<StoredImage> image = store_->Prepare(layout.folder(), layout.Finish());
  ASSERT_THAT(image.status(), IsOk());
  EXPECT_THAT(image->defaults.command, ElementsAre("/bin/web"));
  EXPECT_EQ(image->defaults.user, "web");
  const std::string& root = image->rootfs;
  EXPECT_EQ(ReadTestFile(root + "/bin/web"), "program");
  EXPECT_EQ(Look(root + "/bin/web").st_ino, Look(root + "/bin/copy").st_ino);
  EXPECT_EQ(Look(root + "/srv").st_mode & 07777, 0750u);
  EXPECT_EQ(Look(root + "/srv").st_uid, geteuid() == 0 ? 1000u : geteuid());
  EXPECT_EQ(Look(root + "/srv").st_gid, geteuid() == 0 ? 7u : getegid());
  EXPECT_EQ(fs::read_symlink(root + "/sh"), "/bin/web");
  EXPECT_FALSE(fs::exists(root + "/srv/old"));
  EXPECT_FALSE(fs::exists(root + "/etc/passwd"));
  EXPECT_EQ(ReadTestFile(root + "/etc/group"), "www");
  EXPECT_EQ(Look(Folder("store")).st_mode & 07777, 0700u);
  EXPECT_TRUE(fs::is_empty(Folder("store/staging")));
}

TEST_F(StoreTest, ATagAfterTheFolderIsNotPartOfIt) {
  const std::string digest = MakeImage("web", {{.name = "f"}});
  EXPECT_THAT(store_->Prepare(Folder("web") + ":latest", digest).status(), IsOk());
}

TEST_F(StoreTest, AnImageThatIsThereNeedsItsLayoutNoMore) {
  const std::string digest = MakeImage("web", {{.name = "f", .content = "x"}});
  ASSERT_THAT(store_->Prepare(Folder("web"), digest).status(), IsOk());
  fs::remove_all(Folder("web"));
  OpenStore();
  const absl::StatusOr<StoredImage> image = store_->Prepare(Folder("web"), digest);
  ASSERT_THAT(image.status(), IsOk());
  EXPECT_EQ(ReadTestFile(image->rootfs + "/f"), "x");
}

TEST_F(StoreTest, AnImageThatIsNotThereIsRefused) {
  const std::string digest = flyd::DigestOf("no such manifest");
  EXPECT_THAT(store_->Prepare(Folder("none"), digest).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(absl::StrCat("image ", digest, ": manifest: "))));
  EXPECT_THAT(store_->Prepare(Folder("none"), "sha256:../../outside").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("want sha256: and 64 hex digits")));
}

TEST_F(StoreTest, OneByteAlteredAnywhereInManifestOrConfigurationIsRefused) {
  TestLayout layout(Folder("web"));
  layout.AddLayer(EncodeArchive({{.name = "f"}}));
  const std::string digest = layout.Finish();
  const std::pair<std::string, std::string> blobs[] = {{layout.BlobPath(digest), ": manifest: "},
                                                       {layout.BlobPath(layout.config_digest()), ": config: "}};
  for (const auto& [path, subject] : blobs) {
    const std::string whole = ReadTestFile(path);
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string altered = whole;
      altered[at] ^= 1;
      WriteTestFile(path, altered);
      ASSERT_THAT(store_->Prepare(layout.folder(), digest).status(),
                  StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(subject)))
          << "byte " << at;
    }
    WriteTestFile(path, whole + " ");
    EXPECT_THAT(store_->Prepare(layout.folder(), digest).status(), StatusIs(absl::StatusCode::kFailedPrecondition));
    WriteTestFile(path, whole);
  }
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging")) << "nothing of it was used";
  EXPECT_THAT(store_->Prepare(layout.folder(), digest).status(), IsOk());
}

TEST_F(StoreTest, OneByteAlteredAnywhereInALayerIsRefused) {
  TestLayout layout(Folder("web"));
  layout.AddLayer(EncodeArchive({{.name = "first", .content = "1"}}));
  layout.AddPlainLayer(EncodeArchive({{.name = "second", .content = "2"}}));
  const std::string digest = layout.Finish();
  for (size_t layer = 0; layer < 2; ++layer) {
    const std::string path = layout.BlobPath(layout.layer_digest(layer));
    const std::string whole = ReadTestFile(path);
    const std::string subject = absl::StrCat(": layer ", layer + 1, ": sha256:");
    const size_t step = layer == 0 ? 1 : 29;  // an archive is mostly zeros
    for (size_t at = 0; at < whole.size(); at += step) {
      std::string altered = whole;
      altered[at] ^= 0x20;
      WriteTestFile(path, altered);
      ASSERT_THAT(store_->Prepare(layout.folder(), digest).status(),
                  StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(subject)))
          << "byte " << at;
    }
    WriteTestFile(path, whole.substr(1));
    EXPECT_THAT(store_->Prepare(layout.folder(), digest).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(absl::StrCat("want ", whole.size()))));
    WriteTestFile(path, whole);
  }
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
  EXPECT_THAT(store_->Prepare(layout.folder(), digest).status(), IsOk());
}

TEST_F(StoreTest, ALayerThatUnpacksToSomethingElseThanTheConfigurationSaysIsRefused) {
  TestLayout layout(Folder("web"));
  layout.AddLayer(EncodeArchive({{.name = "f"}}));
  layout.Finish();
  nlohmann::json config = nlohmann::json::parse(ReadTestFile(layout.BlobPath(layout.config_digest())));
  config["rootfs"]["diff_ids"][0] = flyd::DigestOf("another");
  const std::string text = config.dump();
  WriteTestFile(layout.BlobPath(flyd::DigestOf(text)), text);
  nlohmann::json manifest = {
      {"schemaVersion", 2},
      {"config",
       {{"mediaType", "application/vnd.oci.image.config.v1+json"}, {"digest", flyd::DigestOf(text)}, {"size", text.size()}}},
      {"layers",
       {{{"mediaType", "application/vnd.oci.image.layer.v1.tar+gzip"},
         {"digest", layout.layer_digest(0)},
         {"size", fs::file_size(layout.BlobPath(layout.layer_digest(0)))}}}}};
  WriteTestFile(layout.BlobPath(flyd::DigestOf(manifest.dump())), manifest.dump());
  EXPECT_THAT(store_->Prepare(layout.folder(), flyd::DigestOf(manifest.dump())).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("layer 1: diff_id: ")));
}

TEST_F(StoreTest, ManyCallersOfOneImageUnpackItOnce) {
  const std::string digest = MakeImage("web", {{.name = "f"}});
  const std::string counting = Folder("init");
  WriteTestFile(counting, absl::StrCat("#!/bin/sh\necho run >> ", Folder("runs"), "\nexec ", InitBinary(), " \"$@\"\n"));
  chmod(counting.c_str(), 0755);
  absl::StatusOr<std::unique_ptr<flyd::ImageStore>> store =
      flyd::ImageStore::Open({.directory = Folder("store"), .init_path = counting});
  ASSERT_THAT(store.status(), IsOk());
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] { EXPECT_THAT((*store)->Prepare(Folder("web"), digest).status(), IsOk()); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ReadTestFile(Folder("runs")), "run\n");
}

TEST_F(StoreTest, WhatACrashLeftIsRemoved) {
  fs::create_directories(Folder("store/staging/half/rootfs/closed"));
  WriteTestFile(Folder("store/staging/half/rootfs/closed/f"), "x");
  fs::permissions(Folder("store/staging/half/rootfs/closed"), fs::perms::none);
  OpenStore();
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
}

TEST_F(StoreTest, KilledAnywhereItHoldsTheWholeImageOrNone) {
  std::vector<RawEntry> entries;
  for (int i = 0; i < 200; ++i) {
    entries.push_back({.name = absl::StrCat("d", i % 7, "/f", i), .content = std::string(3000, 'x')});
  }
  const std::string digest = MakeImage("web", entries);
  int whole = 0;
  for (int delay_us = 1'000; whole == 0 && delay_us < 60'000'000; delay_us += delay_us / 2) {
    store_.reset();
    fs::remove_all(Folder("store"));
    const pid_t child = fork();
    if (child == 0) {
      OpenStore();
      (void)store_->Prepare(Folder("web"), digest);
      _exit(0);
    }
    const timespec delay = {delay_us / 1'000'000, delay_us % 1'000'000 * 1000};
    pselect(0, nullptr, nullptr, nullptr, &delay, nullptr);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const bool there = fs::exists(Folder("store/sha256/") + std::string(flyd::HexOf(digest)));
    whole += there ? 1 : 0;
    OpenStore();
    EXPECT_TRUE(fs::is_empty(Folder("store/staging")));
    if (there) fs::rename(Folder("web"), Folder("away"));
    const absl::StatusOr<StoredImage> image = store_->Prepare(Folder("web"), digest);
    if (there) fs::rename(Folder("away"), Folder("web"));
    ASSERT_THAT(image.status(), IsOk()) << "killed after " << delay_us << " us";
    for (const RawEntry& entry : entries) ASSERT_EQ(fs::file_size(image->rootfs + "/" + entry.name), 3000u);
  }
  EXPECT_GT(whole, 0) << "never got as far as the whole image";
}

}  // namespace
}  // namespace tests
