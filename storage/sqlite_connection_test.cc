#include "storage/sqlite_connection.h"

#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace storage {
namespace {

using testing::HasSubstr;

constexpr const char* kOne[] = {"CREATE TABLE t(a BLOB UNIQUE)"};
constexpr const char* kTwo[] = {"CREATE TABLE t(a BLOB UNIQUE)", "ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 7"};
constexpr const char* kBroken[] = {"CREATE TABLE t(a BLOB UNIQUE)", "ALTER TABLE t ADD COLUMN b; nonsense"};

class SqliteConnectionTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(absl::Span<const char* const> migrations) const {
    return SqliteConnection::Open(path_, SqliteSync::kEveryCommit, migrations);
  }
  static absl::Status Insert(SqliteConnection& db, absl::string_view bytes) {
    absl::StatusOr<SqliteStatement> insert = db.Prepare("INSERT INTO t(a) VALUES(?1)");
    if (!insert.ok()) return insert.status();
    insert->BindBlob(1, bytes);
    return insert->Run();
  }
  static std::string Ask(SqliteConnection& db, absl::string_view sql) {
    absl::StatusOr<SqliteStatement> select = db.Prepare(sql);
    if (!select.ok()) return select.status().ToString();
    const absl::StatusOr<bool> row = select->Step();
    return row.ok() && *row ? select->Text(0) : "no row";
  }

  tests::ScratchFolder folder_;
  const std::string path_ = folder_.path() + "/db";
};

TEST_F(SqliteConnectionTest, ANewerSchemaIsRefusedWithBothVersions) {
  ASSERT_THAT(Open(kTwo), tests::IsOk());
  EXPECT_THAT(Open(kOne), tests::StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("schema version 2, this program knows up to 1")));
}

TEST_F(SqliteConnectionTest, AForwardMigrationKeepsTheDataAndHappensOnce) {
  ASSERT_THAT(Insert(**Open(kOne), std::string("\0x", 2)), tests::IsOk());
  for (int i = 0; i < 2; ++i) {
    auto db = Open(kTwo);
    ASSERT_THAT(db, tests::IsOk());
    EXPECT_EQ(Ask(**db, "SELECT a FROM t"), std::string("\0x", 2));
    EXPECT_EQ(Ask(**db, "SELECT b FROM t"), "7");
    EXPECT_EQ(Ask(**db, "PRAGMA user_version"), "2");
  }
}

TEST_F(SqliteConnectionTest, AMigrationThatFailsLeavesTheOldVersionWhole) {
  ASSERT_THAT(Insert(**Open(kOne), "x"), tests::IsOk());
  EXPECT_FALSE(Open(kBroken).ok());
  auto db = Open(kOne);
  ASSERT_THAT(db, tests::IsOk());
  EXPECT_EQ(Ask(**db, "SELECT count(*) FROM pragma_table_info('t')"), "1");
}

TEST_F(SqliteConnectionTest, AFileOfTheNewestSchemaOpensWhileAnotherWritesIt) {
  auto writer = Open(kOne);
  ASSERT_THAT(writer, tests::IsOk());
  EXPECT_THAT((*writer)->InTransaction([&]() -> absl::Status {
    if (absl::Status status = Insert(**writer, "x"); !status.ok()) return status;
    auto reader = Open(kOne);
    if (!reader.ok()) return reader.status();
    EXPECT_EQ(Ask(**reader, "SELECT count(*) FROM t"), "0");
    return absl::OkStatus();
  }), tests::IsOk());
}

TEST_F(SqliteConnectionTest, WritesAheadAndSyncs) {
  auto db = Open(kOne);
  ASSERT_THAT(db, tests::IsOk());
  EXPECT_EQ(Ask(**db, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(Ask(**db, "PRAGMA synchronous"), "2");
  EXPECT_EQ(Ask(**db, "PRAGMA foreign_keys"), "1");
}

TEST_F(SqliteConnectionTest, ATransactionIsWholeOrNothing) {
  auto db = Open(kOne);
  ASSERT_THAT(db, tests::IsOk());
  const absl::Status refused = (*db)->InTransaction([&]() -> absl::Status {
    if (absl::Status status = Insert(**db, "x"); !status.ok()) return status;
    return absl::CancelledError("enough");
  });
  EXPECT_THAT(refused, tests::StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(Ask(**db, "SELECT count(*) FROM t"), "0");
  EXPECT_THAT((*db)->InTransaction([&] { return Insert(**db, "x"); }), tests::IsOk());
  EXPECT_EQ(Ask(**db, "SELECT count(*) FROM t"), "1");
}

TEST_F(SqliteConnectionTest, ABrokenConstraintIsAborted) {
  auto db = Open(kOne);
  ASSERT_THAT(Insert(**db, "x"), tests::IsOk());
  EXPECT_THAT(Insert(**db, "x"), tests::StatusIs(absl::StatusCode::kAborted, HasSubstr(path_)));
}

TEST_F(SqliteConnectionTest, AFileThatIsNoDatabaseIsDataLoss) {
  std::ofstream(path_) << std::string(4096, 'x');
  EXPECT_THAT(Open(kOne), tests::StatusIs(absl::StatusCode::kDataLoss, HasSubstr(path_)));
}

}  // namespace
}  // namespace storage
