#include "tokensvc/signer/log/signature_log.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/sqlite_connection.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"
#include "tokensvc/es256/es256_verify.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::IsOkAndHolds;
using tests::StatusIs;

class SignatureLogTest : public testing::Test {
 protected:
  std::unique_ptr<SignatureLog> Open() {
    absl::StatusOr<std::unique_ptr<SignatureLog>> log = SignatureLog::Open(path_);
    EXPECT_THAT(log, IsOk());
    return *std::move(log);
  }

  static SignatureRecord Record(const std::string& jti) {
    return {.at = absl::FromUnixSeconds(1'800'000'000), .worker = "w1", .machine_id = "148e21ea7e46e8", .jti = jti};
  }

  // What someone with the disk could do.
  void Tamper(const std::string& sql) {
    auto db = storage::SqliteConnection::Open(path_, storage::SqliteSync::kEveryCommit, kOne);
    ASSERT_THAT(db, IsOk());
    ASSERT_THAT((*db)->Execute(sql), IsOk());
  }

  static constexpr const char* kOne[] = {""};  // the file is of version 1 already
  tests::ScratchFolder folder_;
  const std::string path_ = folder_.path() + "/signatures.db";
};

TEST_F(SignatureLogTest, TheChainGoesOnAfterTheLogWasOpenedAgain) {
  ASSERT_THAT(Open()->Append({Record("a"), Record("b")}), IsOk());
  const std::unique_ptr<SignatureLog> log = Open();
  ASSERT_THAT(log->Append({Record("c")}), IsOk());
  EXPECT_THAT(log->Verify(), IsOkAndHolds(3u));
  const absl::StatusOr<std::vector<SignatureRow>> rows = log->Read(2, 10);
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].record.jti, "b");
  EXPECT_EQ((*rows)[1].previous_sha256, (*rows)[0].sha256);
}

// The example of signature_log_format.md.
TEST_F(SignatureLogTest, ARowHashesTheInputThatTheFormatDescribes) {
  const std::string input = absl::HexStringToBytes(
      "666c79642d7369676e61747572652d6c6f672d763100" "0000000000000001" "0000000000000020" +
      std::string(64, '0') + "0000018bcfe56800" "0000000000000002" "7731" "0000000000000000" "0000000000000000"
      "0000000000000001" + std::string(6 * 16, '0'));
  EXPECT_EQ(SignatureRowSha256(1, std::string(32, '\0'),
                               {.at = absl::FromUnixMillis(1'700'000'000'000), .worker = "w1", .code = 1}),
            Sha256(input));
}

TEST_F(SignatureLogTest, AChangedRowIsFound) {
  ASSERT_THAT(Open()->Append({Record("a"), Record("b"), Record("c")}), IsOk());
  Tamper("UPDATE signature SET worker = 'w2' WHERE number = 2");
  EXPECT_THAT(Open()->Verify(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("row 2")));
}

TEST_F(SignatureLogTest, ARemovedRowIsFound) {
  ASSERT_THAT(Open()->Append({Record("a"), Record("b"), Record("c")}), IsOk());
  Tamper("DELETE FROM signature WHERE number = 2");
  EXPECT_THAT(Open()->Verify(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("row 3")));
}

TEST_F(SignatureLogTest, ALogWhoseLastRowWasChangedDoesNotOpen) {
  ASSERT_THAT(Open()->Append({Record("a")}), IsOk());
  Tamper("UPDATE signature SET code = 9");
  EXPECT_THAT(SignatureLog::Open(path_), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("row 1")));
}

TEST_F(SignatureLogTest, WhatAHostileWorkerSentIsCutToItsBounds) {
  SignatureRecord record = Record("a");
  record.audience = std::string(100'000, 'x');
  record.placement_sha256 = std::string(100'000, 'y');
  const std::unique_ptr<SignatureLog> log = Open();
  ASSERT_THAT(log->Append({record}), IsOk());
  EXPECT_THAT(log->Verify(), IsOkAndHolds(1u));
  EXPECT_EQ((*log->Read(1, 1))[0].record.audience.size(), 255u);
}

}  // namespace
}  // namespace tokensvc
