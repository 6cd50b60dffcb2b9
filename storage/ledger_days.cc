#include "storage/ledger_days.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace storage {
namespace {

constexpr absl::string_view kPrefix = "ledger-";
constexpr absl::string_view kSuffix = ".sqlite";
// The database first: SQLite throws a journal away that it finds beside a new database, not one beside an old one.
constexpr const char* kParts[] = {"", "-wal", "-shm"};

}  // namespace

std::string LedgerDay(absl::Time at) { return absl::FormatTime("%Y-%m-%d", at, absl::UTCTimeZone()); }

std::string LedgerFile(const std::string& folder, absl::string_view day) {
  return absl::StrCat(folder, "/", kPrefix, day, kSuffix);
}

std::string LedgerDayOfFile(absl::string_view file) {
  const absl::string_view name = file.substr(file.rfind('/') + 1);
  return std::string(absl::StripSuffix(absl::StripPrefix(name, kPrefix), kSuffix));
}

std::vector<std::string> LedgerFiles(const std::string& folder) {
  std::vector<std::string> files;
  DIR* const open_folder = opendir(folder.c_str());
  if (open_folder == nullptr) return files;
  while (const dirent* entry = readdir(open_folder)) {
    const absl::string_view name = entry->d_name;
    if (absl::StartsWith(name, kPrefix) && absl::EndsWith(name, kSuffix)) {
      files.push_back(absl::StrCat(folder, "/", name));
    }
  }
  closedir(open_folder);
  std::sort(files.rbegin(), files.rend());
  return files;
}

int64_t LedgerFileBytes(const std::string& file) {
  int64_t bytes = 0;
  for (const char* part : kParts) {
    struct stat found;
    if (stat(absl::StrCat(file, part).c_str(), &found) == 0) bytes += found.st_size;
  }
  return bytes;
}

absl::Status RemoveLedgerFile(const std::string& file) {
  for (const char* part : kParts) {
    if (unlink(absl::StrCat(file, part).c_str()) != 0 && errno != ENOENT) {
      return absl::UnavailableError(absl::StrCat(file, part, ": ", std::strerror(errno), ", want to remove it"));
    }
  }
  return absl::OkStatus();
}

}  // namespace storage
