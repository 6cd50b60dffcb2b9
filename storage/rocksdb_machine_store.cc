#include "storage/rocksdb_machine_store.h"

#include <openssl/rand.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "storage/machine_record_codec.h"

namespace storage {
namespace {

constexpr absl::string_view kFormat = "flyd-machine-store-v1";
constexpr int kStripes = 64;

rocksdb::Slice ToSlice(absl::string_view bytes) { return {bytes.data(), bytes.size()}; }

absl::Status FromRocks(const std::string& folder, const rocksdb::Status& status) {
  const std::string message = absl::StrCat(folder, ": ", status.ToString());
  if (status.ok()) return absl::OkStatus();
  if (status.IsNotFound()) return absl::NotFoundError(message);
  if (status.IsIOError() && message.find("lock") != message.npos) {
    return absl::UnavailableError(absl::StrCat(message, ", want no other process to have it open"));
  }
  return absl::DataLossError(absl::StrCat(message, "; flydctl cannot repair this: restore a checkpoint of the folder"));
}

// Big-endian, so that RocksDB's byte order is the order of the numbers.
std::string EventKey(absl::string_view machine_id, uint64_t sequence) {
  std::string key = absl::StrCat(machine_id, absl::string_view("\0", 1));
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(sequence >> shift));
  return key;
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

}  // namespace

class RocksDbMachineStore::Database {
 public:
  enum Family { kDefault, kMachines, kEvents, kOperations, kPlacements, kAnswers, kFamilies };
  static constexpr std::array<const char*, kFamilies> kNames = {"default",    "machines",   "events",
                                                                "operations", "placements", "answers"};

  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& folder) {
    mkdir(folder.c_str(), 0700);
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const char* name : kNames) {
      rocksdb::ColumnFamilyOptions options;
      options.write_buffer_size = 8 << 20;
      descriptors.emplace_back(name, options);
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(DatabaseOptions(), folder, descriptors, &handles, &db);
    if (!opened.ok()) {
      if (opened.IsInvalidArgument()) {
        return absl::FailedPreconditionError(absl::StrCat(folder, ": ", opened.ToString(), ", want format ", kFormat));
      }
      return FromRocks(folder, opened);
    }
    return std::unique_ptr<Database>(new Database(folder, db, std::move(handles)));
  }

  ~Database() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    delete db_;
  }

  absl::StatusOr<std::string> Get(Family family, absl::string_view key) const {
    std::string value;
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), handles_[family], ToSlice(key), &value);
    if (!status.ok()) return FromRocks(folder_, status);
    return value;
  }

  void Put(rocksdb::WriteBatch& batch, Family family, absl::string_view key, absl::string_view value) const {
    batch.Put(handles_[family], ToSlice(key), ToSlice(value));
  }
  void Delete(rocksdb::WriteBatch& batch, Family family, absl::string_view key) const {
    batch.Delete(handles_[family], ToSlice(key));
  }

  absl::Status Write(rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status status = db_->Write(options, &batch);
    if (status.ok()) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(folder_, ": ", status.ToString(), ", want the write to be synced"));
  }

  // Pairs whose key is after `after` and starts with `prefix`, until `visit` answers other than OK or `limit` is reached.
  template <typename Visit>
  absl::Status Scan(Family family, absl::string_view prefix, absl::string_view after, size_t limit, Visit visit) const {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions(), handles_[family]));
    it->Seek(ToSlice(after));
    if (it->Valid() && it->key() == ToSlice(after)) it->Next();
    for (size_t n = 0; n < limit && it->Valid() && it->key().starts_with(ToSlice(prefix)); ++n, it->Next()) {
      const absl::Status status = visit(absl::string_view(it->key().data(), it->key().size()),
                                        absl::string_view(it->value().data(), it->value().size()));
      if (!status.ok()) return status;
    }
    return FromRocks(folder_, it->status());
  }

  // Writers of one machine are serialized by its stripe, so that revision and sequence are read and written as one; others
  // share their syncs.
  absl::Mutex& StripeOf(absl::string_view id) const { return stripes_[absl::HashOf(id) % kStripes]; }

  // Makes or checks format and incarnation.
  absl::StatusOr<std::string> Identify() {
    absl::StatusOr<std::string> format = Get(kDefault, "format");
    if (absl::IsNotFound(format.status())) return MakeIdentity();
    if (!format.ok()) return format.status();
    if (*format != kFormat) {
      return absl::FailedPreconditionError(absl::StrCat(folder_, ": format ", *format, ", want ", kFormat));
    }
    return Get(kDefault, "incarnation");
  }

  const std::string& folder() const { return folder_; }

 private:
  Database(std::string folder, rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : folder_(std::move(folder)), db_(db), handles_(std::move(handles)) {}

  absl::StatusOr<std::string> MakeIdentity() {
    std::string random(16, '\0');
    RAND_bytes(reinterpret_cast<uint8_t*>(random.data()), random.size());
    const std::string incarnation = absl::BytesToHexString(random);
    rocksdb::WriteBatch batch;
    Put(batch, kDefault, "format", kFormat);
    Put(batch, kDefault, "incarnation", incarnation);
    if (absl::Status status = Write(batch); !status.ok()) return status;
    return incarnation;
  }

  const std::string folder_;
  rocksdb::DB* const db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  mutable std::array<absl::Mutex, kStripes> stripes_;
};

RocksDbMachineStore::RocksDbMachineStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
RocksDbMachineStore::~RocksDbMachineStore() = default;

absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> RocksDbMachineStore::Open(const std::string& folder) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(folder);
  if (!database.ok()) return database.status();
  absl::StatusOr<std::string> incarnation = (*database)->Identify();
  if (!incarnation.ok()) return incarnation.status();
  std::unique_ptr<RocksDbMachineStore> store(new RocksDbMachineStore(*std::move(database)));
  store->incarnation_ = *std::move(incarnation);
  return store;
}

absl::StatusOr<MachineRecord> RocksDbMachineStore::Commit(const MachineChange& change) {
  MachineRecord record = change.record;
  absl::MutexLock lock(&database_->StripeOf(record.id));
  const absl::StatusOr<MachineRecord> stored = Get(record.id);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
  const uint64_t revision = stored.ok() ? stored->revision : 0;
  if (revision != change.expected_revision) {
    return absl::AbortedError(
        absl::StrCat("machine ", record.id, ": revision ", change.expected_revision, ", store has ", revision));
  }
  record.revision = revision + 1;
  record.event_sequence = stored.ok() ? stored->event_sequence : 0;
  rocksdb::WriteBatch batch;
  for (EventRecord event : change.events) {
    event.sequence = ++record.event_sequence;
    database_->Put(batch, Database::kEvents, EventKey(record.id, event.sequence), EncodeEvent(event));
  }
  database_->Put(batch, Database::kMachines, record.id, EncodeMachine(record));
  if (change.operation.has_value()) {
    if (change.operation->has_value()) {
      database_->Put(batch, Database::kOperations, record.id, EncodeOperation(**change.operation));
    } else {
      database_->Delete(batch, Database::kOperations, record.id);
    }
  }
  for (const auto& [sha256, placement] : change.placements) {
    database_->Put(batch, Database::kPlacements, sha256, placement);
  }
  if (change.answer.has_value()) {
    database_->Put(batch, Database::kAnswers, change.answer->first, EncodeAnswer(change.answer->second));
  }
  if (absl::Status status = database_->Write(batch); !status.ok()) return status;
  return record;
}

absl::StatusOr<MachineRecord> RocksDbMachineStore::Get(absl::string_view id) const {
  absl::StatusOr<std::string> bytes = database_->Get(Database::kMachines, id);
  if (absl::IsNotFound(bytes.status())) return absl::NotFoundError(absl::StrCat("machine ", id, ": not known here"));
  if (!bytes.ok()) return bytes.status();
  return DecodeMachine(*bytes);
}

absl::StatusOr<std::vector<MachineRecord>> RocksDbMachineStore::List(absl::string_view after_id, size_t limit) const {
  std::vector<MachineRecord> records;
  const absl::Status scanned = database_->Scan(Database::kMachines, "", after_id, limit,
                                               [&](absl::string_view, absl::string_view value) -> absl::Status {
                                                 absl::StatusOr<MachineRecord> record = DecodeMachine(value);
                                                 if (!record.ok()) return record.status();
                                                 records.push_back(*std::move(record));
                                                 return absl::OkStatus();
                                               });
  if (!scanned.ok()) return scanned;
  return records;
}

absl::StatusOr<std::vector<EventRecord>> RocksDbMachineStore::Events(absl::string_view machine_id,
                                                                     uint64_t after_sequence, size_t limit) const {
  std::vector<EventRecord> events;
  const std::string prefix = absl::StrCat(machine_id, absl::string_view("\0", 1));
  const absl::Status scanned =
      database_->Scan(Database::kEvents, prefix, EventKey(machine_id, after_sequence), limit,
                      [&](absl::string_view, absl::string_view value) -> absl::Status {
                        absl::StatusOr<EventRecord> event = DecodeEvent(value);
                        if (!event.ok()) return event.status();
                        events.push_back(*std::move(event));
                        return absl::OkStatus();
                      });
  if (!scanned.ok()) return scanned;
  return events;
}

absl::StatusOr<std::vector<std::pair<std::string, OperationRecord>>> RocksDbMachineStore::Operations() const {
  std::vector<std::pair<std::string, OperationRecord>> operations;
  const absl::Status scanned = database_->Scan(Database::kOperations, "", "", SIZE_MAX,
                                               [&](absl::string_view key, absl::string_view value) -> absl::Status {
                                                 absl::StatusOr<OperationRecord> operation = DecodeOperation(value);
                                                 if (!operation.ok()) return operation.status();
                                                 operations.emplace_back(std::string(key), *std::move(operation));
                                                 return absl::OkStatus();
                                               });
  if (!scanned.ok()) return scanned;
  return operations;
}

absl::StatusOr<std::string> RocksDbMachineStore::GetPlacement(absl::string_view sha256) const {
  absl::StatusOr<std::string> placement = database_->Get(Database::kPlacements, sha256);
  if (absl::IsNotFound(placement.status())) return absl::NotFoundError("placement: not known here");
  return placement;
}

absl::StatusOr<RequestAnswer> RocksDbMachineStore::GetAnswer(absl::string_view request_id) const {
  absl::StatusOr<std::string> bytes = database_->Get(Database::kAnswers, request_id);
  if (absl::IsNotFound(bytes.status())) return absl::NotFoundError("request_id: not answered before");
  if (!bytes.ok()) return bytes.status();
  return DecodeAnswer(*bytes);
}

}  // namespace storage
