#include "storage/rocksdb_families.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace storage {
namespace {

constexpr size_t kWriteBufferBytes = 8 << 20;

rocksdb::Slice ToSlice(absl::string_view bytes) { return {bytes.data(), bytes.size()}; }
absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status FromRocks(const std::string& folder, const rocksdb::Status& status) {
  const std::string message = absl::StrCat(folder, ": ", status.ToString());
  if (status.ok()) return absl::OkStatus();
  if (status.IsNotFound()) return absl::NotFoundError(message);
  if (status.IsInvalidArgument()) {
    return absl::FailedPreconditionError(absl::StrCat(message, ", want a store of this version"));
  }
  if (status.IsIOError() && message.find("lock") != message.npos) {
    return absl::UnavailableError(absl::StrCat(message, ", want no other process to have it open"));
  }
  return absl::DataLossError(absl::StrCat(message, "; `flydctl store verify ", folder,
                                          "` names what is damaged, `flydctl store restore` puts a checkpoint back"));
}

// RocksDB lays the damage of a table to the file that lists it. The first table that cannot be read, and why; "": none.
std::string DamagedTable(const std::string& folder) {
  std::set<std::filesystem::path> tables;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".sst") tables.insert(entry.path());
  }
  for (const std::filesystem::path& table : tables) {
    rocksdb::SstFileReader reader{rocksdb::Options()};
    rocksdb::Status read = reader.Open(table.string());
    if (read.ok()) read = reader.VerifyChecksum();
    if (!read.ok()) return absl::StrCat("; ", table.filename().string(), ": ", read.ToString());
  }
  return "";
}

// Of a store that could not be opened.
absl::Status FromOpen(const std::string& folder, const rocksdb::Status& status) {
  absl::Status failed = FromRocks(folder, status);
  return absl::IsDataLoss(failed) ? absl::DataLossError(absl::StrCat(failed.message(), DamagedTable(folder))) : failed;
}

rocksdb::DBOptions DatabaseOptions() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // A torn record at the very end of the log is a write that nobody was told of; damage before it is damage.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.max_open_files = 256;
  options.keep_log_file_num = 4;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> DescriptorsOf(const std::vector<std::string>& names) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, options);
  return descriptors;
}

}  // namespace

class RocksDbFamilies::Database {
 public:
  Database(std::string folder, rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : folder(std::move(folder)), db(db), handles(std::move(handles)) {}
  ~Database() {
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }

  const std::string folder;
  rocksdb::DB* const db;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

RocksDbFamilies::RocksDbFamilies(std::unique_ptr<Database> database) : database_(std::move(database)) {}
RocksDbFamilies::~RocksDbFamilies() = default;

absl::StatusOr<std::unique_ptr<RocksDbFamilies>> RocksDbFamilies::Open(const std::string& folder,
                                                                       const std::vector<std::string>& names) {
  mkdir(folder.c_str(), 0700);  // what it could not make, the open below says
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(DatabaseOptions(), folder, DescriptorsOf(names), &handles, &db);
  if (!opened.ok()) return FromOpen(folder, opened);
  return std::unique_ptr<RocksDbFamilies>(
      new RocksDbFamilies(std::make_unique<Database>(folder, db, std::move(handles))));
}

absl::StatusOr<std::unique_ptr<RocksDbFamilies>> RocksDbFamilies::OpenReadOnly(const std::string& folder,
                                                                               const std::vector<std::string>& names) {
  if (access(absl::StrCat(folder, "/CURRENT").c_str(), F_OK) != 0) {
    return absl::UnavailableError(absl::StrCat(folder, ": no store there, want one"));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::OpenForReadOnly(DatabaseOptions(), folder, DescriptorsOf(names), &handles, &db);
  if (!opened.ok()) return FromOpen(folder, opened);
  return std::unique_ptr<RocksDbFamilies>(
      new RocksDbFamilies(std::make_unique<Database>(folder, db, std::move(handles))));
}

absl::StatusOr<std::string> RocksDbFamilies::Get(size_t family, absl::string_view key) const {
  std::string value;
  const rocksdb::Status status =
      database_->db->Get(rocksdb::ReadOptions(), database_->handles[family], ToSlice(key), &value);
  if (!status.ok()) return FromRocks(database_->folder, status);
  return value;
}

absl::Status RocksDbFamilies::Scan(
    size_t family, absl::string_view prefix, absl::string_view after, size_t limit,
    absl::FunctionRef<absl::Status(absl::string_view key, absl::string_view value)> visit) const {
  const std::unique_ptr<rocksdb::Iterator> it(
      database_->db->NewIterator(rocksdb::ReadOptions(), database_->handles[family]));
  it->Seek(ToSlice(after));
  if (it->Valid() && it->key() == ToSlice(after)) it->Next();
  for (size_t n = 0; n < limit && it->Valid() && it->key().starts_with(ToSlice(prefix)); ++n, it->Next()) {
    if (absl::Status status = visit(ToView(it->key()), ToView(it->value())); !status.ok()) return status;
  }
  return FromRocks(database_->folder, it->status());
}

absl::StatusOr<std::optional<std::string>> RocksDbFamilies::LastKey(size_t family) const {
  const std::unique_ptr<rocksdb::Iterator> it(
      database_->db->NewIterator(rocksdb::ReadOptions(), database_->handles[family]));
  it->SeekToLast();
  if (it->Valid()) return std::optional<std::string>(it->key().ToString());
  if (!it->status().ok()) return FromRocks(database_->folder, it->status());
  return std::optional<std::string>();
}

absl::Status RocksDbFamilies::Write(absl::Span<const Change> changes) {
  rocksdb::WriteBatch batch;
  for (const Change& change : changes) {
    rocksdb::ColumnFamilyHandle* const handle = database_->handles[change.family];
    const rocksdb::Status put = change.value.has_value() ? batch.Put(handle, ToSlice(change.key), ToSlice(*change.value))
                                                         : batch.Delete(handle, ToSlice(change.key));
    if (!put.ok()) return absl::InternalError(absl::StrCat(database_->folder, ": ", put.ToString()));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = database_->db->Write(options, &batch);
  if (status.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(database_->folder, ": ", status.ToString(), ", want the write to be synced"));
}

absl::Status RocksDbFamilies::Checkpoint(const std::string& folder) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(database_->db, &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder);
  if (status.ok()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(folder, ": ", status.ToString(), ", want a new folder to write to"));
}

uint64_t RocksDbFamilies::last_write() const { return database_->db->GetLatestSequenceNumber(); }

absl::Status RocksDbFamilies::Verify() const {
  return FromRocks(database_->folder, database_->db->VerifyChecksum());
}

const std::string& RocksDbFamilies::folder() const { return database_->folder; }

}  // namespace storage
