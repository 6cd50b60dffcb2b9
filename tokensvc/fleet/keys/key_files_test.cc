#include "tokensvc/fleet/keys/key_files.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/secret_bytes.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

class KeyFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string dir = testing::TempDir() + "/keys.XXXXXX";
    ASSERT_NE(mkdtemp(dir.data()), nullptr);
    path_ = dir + "/macaroon.key";
  }

  std::string path_;
};

TEST_F(KeyFilesTest, TheMacaroonKeyIsMadeOnceAndIsItsOwnersAlone) {
  absl::StatusOr<storage::SecretBytes> first = LoadOrCreateMacaroonKey(path_);
  ASSERT_THAT(first.status(), IsOk());
  EXPECT_EQ(first->size(), 32u);
  struct stat facts;
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_TRUE(*LoadOrCreateMacaroonKey(path_) == *first);
}

TEST_F(KeyFilesTest, AKeyFileThatOthersMayReadIsRefused) {
  ASSERT_THAT(LoadOrCreateMacaroonKey(path_).status(), IsOk());
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  EXPECT_THAT(LoadOrCreateMacaroonKey(path_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("mode 0640, want 0600")));
}

TEST_F(KeyFilesTest, AKeyFileOfAnotherLengthIsRefusedAndLeftAsItIs) {
  for (const size_t size : {size_t{0}, size_t{31}, size_t{33}}) {
    std::ofstream(path_, std::ios::trunc) << std::string(size, 'k');
    chmod(path_.c_str(), 0600);
    EXPECT_THAT(LoadOrCreateMacaroonKey(path_).status(), StatusIs(absl::StatusCode::kFailedPrecondition)) << size;
  }
}

TEST_F(KeyFilesTest, APublicKeyIsWrittenAsPem) {
  ASSERT_THAT(WritePublicKeyPem(path_, std::string(91, '\0')), IsOk());
  std::ifstream stream(path_);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  EXPECT_EQ(text, "-----BEGIN PUBLIC KEY-----\n" + std::string(64, 'A') + "\n" + std::string(58, 'A') +
                      "==\n-----END PUBLIC KEY-----\n");
}

}  // namespace
}  // namespace tokensvc
