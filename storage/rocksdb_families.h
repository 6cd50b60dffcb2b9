#ifndef STORAGE_ROCKSDB_FAMILIES_H_
#define STORAGE_ROCKSDB_FAMILIES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace storage {

// Column families of one RocksDB folder, as ordered maps of bytes with synced, atomic writes. Thread-safe.
class RocksDbFamilies {
 public:
  // A put, or a deletion where `value` is absent.
  struct Change {
    size_t family;
    std::string key;
    std::optional<std::string> value;
  };

  // Opens or makes the folder (0700). A family's number is its place in `names`; the first is "default".
  //   Unavailable: another process has it open.
  //   FailedPrecondition: it has a family that is not named here: written by a newer version.
  //   DataLoss, naming the file: damaged before the end of its log.
  static absl::StatusOr<std::unique_ptr<RocksDbFamilies>> Open(const std::string& folder,
                                                               const std::vector<std::string>& names);
  // The same to read alone: nothing in the folder changes, and Write is refused. Unavailable: there is none.
  static absl::StatusOr<std::unique_ptr<RocksDbFamilies>> OpenReadOnly(const std::string& folder,
                                                                       const std::vector<std::string>& names);
  ~RocksDbFamilies();

  // NotFound. DataLoss, naming the file.
  absl::StatusOr<std::string> Get(size_t family, absl::string_view key) const;

  // Calls `visit` with pairs whose key is after `after` and starts with `prefix`, in order, at most `limit` times, until it
  // answers other than OK. DataLoss, naming the file.
  absl::Status Scan(size_t family, absl::string_view prefix, absl::string_view after, size_t limit,
                    absl::FunctionRef<absl::Status(absl::string_view key, absl::string_view value)> visit) const;

  // The greatest key of a family; nullopt where it is empty.
  absl::StatusOr<std::optional<std::string>> LastKey(size_t family) const;

  // All of it, synced, or none. DataLoss: what is on disk is unknown, and the process must end.
  absl::Status Write(absl::Span<const Change> changes);

  // A copy of the present state in `folder`, which must not exist: files are shared by hard links where they can be.
  absl::Status Checkpoint(const std::string& folder);

  // Reads every block of every file against its checksum. DataLoss, naming the file.
  absl::Status Verify() const;

  // Of the last write; rises with each.
  uint64_t last_write() const;

  const std::string& folder() const;

 private:
  class Database;
  explicit RocksDbFamilies(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace storage

#endif  // STORAGE_ROCKSDB_FAMILIES_H_
