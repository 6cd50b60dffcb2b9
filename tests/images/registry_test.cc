#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flyd/images/fetch_image.h"
#include "flyd/images/image_store.h"
#include "flyd/images/sha256_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/images/store_fixture.h"
#include "tests/images/test_layout.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A layout with one layer, behind a registry on loopback that skopeo is told of.
class RegistryTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    layout_.AddLayer(EncodeArchive({{.name = "f", .content = "from afar"}}));
    digest_ = layout_.Finish();
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    const char* script = getenv("REGISTRY_SCRIPT");
    std::string words[] = {"python3", script != nullptr ? script : "tests/images/registry.py", layout_.folder()};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    ASSERT_EQ(posix_spawn(&registry_, "/usr/bin/python3", &files, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
    int port = 0;
    ASSERT_EQ(fscanf(output_, "%d", &port), 1);
    host_ = absl::StrCat("127.0.0.1:", port);
    // Where a user tells skopeo of a registry without TLS.
    const std::string settings = Folder("home/.config/containers");
    std::filesystem::create_directories(settings);
    WriteTestFile(settings + "/registries.conf",
                  absl::StrCat("[[registry]]\nlocation = \"", host_, "\"\ninsecure = true\n"));
    setenv("HOME", Folder("home").c_str(), 1);
  }

  void TearDown() override {
    StopAndReadRequests();
    fclose(output_);
    StoreTest::TearDown();
  }

  // The lines that the registry printed of the requests that came.
  std::string StopAndReadRequests() {
    std::string all;
    if (registry_ <= 0) return all;
    kill(registry_, SIGKILL);
    waitpid(std::exchange(registry_, 0), nullptr, 0);
    for (int c = 0; (c = getc(output_)) != EOF;) all.push_back(static_cast<char>(c));
    return all;
  }

  TestLayout layout_{Folder("served")};
  std::string digest_;
  std::string host_;
  pid_t registry_ = 0;
  FILE* output_ = nullptr;
};

TEST_F(RegistryTest, AnImageIsFetchedByItsDigest) {
  const absl::StatusOr<flyd::StoredImage> image = store_->Prepare(absl::StrCat(host_, "/team/web:1.2"), digest_);
  ASSERT_THAT(image.status(), IsOk());
  EXPECT_EQ(ReadTestFile(image->rootfs + "/f"), "from afar");
}

TEST_F(RegistryTest, AnotherManifestIsRefusedBeforeAnythingElseIsFetched) {
  WriteTestFile(layout_.BlobPath(digest_), ReadTestFile(layout_.BlobPath(digest_)) + " ");
  EXPECT_THAT(store_->Prepare(host_ + "/web", digest_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(": manifest: sha256:")));
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
  const std::string requests = StopAndReadRequests();
  EXPECT_THAT(requests, HasSubstr("GET /v2/web/manifests/sha256:"));
  EXPECT_THAT(requests, Not(HasSubstr("/blobs/")));
}

TEST_F(RegistryTest, AnotherLayerIsRefused) {
  const std::string path = layout_.BlobPath(layout_.layer_digest(0));
  std::string bytes = ReadTestFile(path);
  bytes[bytes.size() / 2] ^= 1;
  WriteTestFile(path, bytes);
  EXPECT_FALSE(store_->Prepare(host_ + "/web", digest_).ok());
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
}

TEST_F(RegistryTest, ALayerThatNeverEndsIsCutOff) {
  WriteTestFile(layout_.BlobPath(layout_.layer_digest(0)), std::string(32 << 20, 'x'));
  EXPECT_THAT(store_->Prepare(host_ + "/web", digest_).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("skopeo: ")));
  EXPECT_THAT(InStore(), ElementsAre("sha256", "staging"));
}

TEST_F(RegistryTest, WhatTheRegistryDoesNotHaveIsSaidInItsToolsWords) {
  EXPECT_THAT(store_->Prepare(host_ + "/web", flyd::DigestOf("another")).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("skopeo: exit 1: ")));
}

TEST(RegistryReferenceTest, HasTheDigestInsteadOfATag) {
  const std::string digest = flyd::DigestOf("x");
  const std::string want = absl::StrCat("docker://reg.example:5000/team/web@", digest);
  for (const std::string& image :
       {std::string("reg.example:5000/team/web"), std::string("reg.example:5000/team/web:1.2"),
        absl::StrCat("reg.example:5000/team/web:1.2@", digest), absl::StrCat("reg.example:5000/team/web@", digest)}) {
    EXPECT_THAT(flyd::RegistryReference(image, digest), IsOkAndHolds(want)) << image;
  }
}

TEST(RegistryReferenceTest, WhatIsNoReferenceIsRefused) {
  const std::string digest = flyd::DigestOf("x");
  for (const std::string& image : {std::string(""), std::string("--help"), std::string("./layout"), std::string("a b"),
                                   std::string("a\nb"), std::string(513, 'a'), "web@" + flyd::DigestOf("y")}) {
    EXPECT_THAT(flyd::RegistryReference(image, digest).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("image: ")))
        << image;
  }
  EXPECT_THAT(flyd::RegistryReference(std::string(512, 'a'), digest).status(), IsOk());
}

}  // namespace
}  // namespace tests
