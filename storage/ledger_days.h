#ifndef STORAGE_LEDGER_DAYS_H_
#define STORAGE_LEDGER_DAYS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace storage {

// The files of a ledger, one a day; ledger_format.md has their names. A path always names the database; what SQLite
// keeps beside it (-wal, -shm) belongs to it. Thread-safe.

// "2027-01-15" (UTC).
std::string LedgerDay(absl::Time at);

std::string LedgerFile(const std::string& folder, absl::string_view day);

// The day that the path of a ledger's file names.
std::string LedgerDayOfFile(absl::string_view file);

// Paths of the files in the folder, newest day first; none where the folder cannot be read.
std::vector<std::string> LedgerFiles(const std::string& folder);

// Bytes of the file with what SQLite keeps beside it; 0 where there is none.
int64_t LedgerFileBytes(const std::string& file);

// Removes it with what SQLite keeps beside it. OK where there is none; Unavailable `FILE: why, want to remove it`.
absl::Status RemoveLedgerFile(const std::string& file);

}  // namespace storage

#endif  // STORAGE_LEDGER_DAYS_H_
