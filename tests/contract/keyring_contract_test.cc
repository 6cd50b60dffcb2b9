// What every Keyring promises, the fake included.
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/keyring.h"
#include "storage/secret_bytes.h"
#include "storage/sqlite_keyring.h"
#include "tests/fakes/memory_keyring.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using storage::SecretBytes;
using testing::ElementsAre;
using testing::IsEmpty;

SecretBytes Key(char byte) { return SecretBytes(std::string(32, byte)); }

struct Backend {
  const char* name;
  std::function<std::unique_ptr<storage::Keyring>(const std::string& path)> open;
};

std::unique_ptr<storage::Keyring> OpenSqlite(const std::string& path) {
  auto keyring = storage::SqliteKeyring::Open(path);
  EXPECT_THAT(keyring, IsOk());
  return *std::move(keyring);
}

class KeyringContractTest : public testing::TestWithParam<Backend> {
 protected:
  ScratchFolder folder_;
  std::unique_ptr<storage::Keyring> keyring_ = GetParam().open(folder_.path() + "/keyring");
};

TEST_P(KeyringContractTest, KeysComeBackByEpoch) {
  EXPECT_THAT(*keyring_->Epochs(), IsEmpty());
  ASSERT_THAT(keyring_->Put(2, Key('b')), IsOk());
  ASSERT_THAT(keyring_->Put(1, Key('a')), IsOk());
  EXPECT_THAT(*keyring_->Epochs(), ElementsAre(1u, 2u));
  EXPECT_TRUE(**keyring_->Get(1) == Key('a'));
  EXPECT_THAT(keyring_->Get(3), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(KeyringContractTest, TheKeyOfAnEpochNeverChanges) {
  ASSERT_THAT(keyring_->Put(1, Key('a')), IsOk());
  EXPECT_THAT(keyring_->Put(1, Key('a')), IsOk());
  EXPECT_THAT(keyring_->Put(1, Key('b')), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_TRUE(**keyring_->Get(1) == Key('a'));
}

TEST_P(KeyringContractTest, TheLastEnrolmentIsKept) {
  EXPECT_THAT(keyring_->GetEnrolment(), IsOkAndHolds(""));
  ASSERT_THAT(keyring_->PutEnrolment("first"), IsOk());
  ASSERT_THAT(keyring_->PutEnrolment(std::string("\0second", 7)), IsOk());
  EXPECT_THAT(keyring_->GetEnrolment(), IsOkAndHolds(std::string("\0second", 7)));
}

INSTANTIATE_TEST_SUITE_P(
    All, KeyringContractTest,
    testing::Values(Backend{"Memory", [](const std::string&) { return std::make_unique<MemoryKeyring>(); }},
                    Backend{"Sqlite", &OpenSqlite}),
    [](const auto& info) { return info.param.name; });

TEST(SqliteKeyringTest, AReopenedKeyringHasItsKeysAndOnlyItsOwnerReadsIt) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/keyring";
  ASSERT_THAT(OpenSqlite(path)->Put(1, Key('a')), IsOk());
  EXPECT_TRUE(**OpenSqlite(path)->Get(1) == Key('a'));
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace tests
