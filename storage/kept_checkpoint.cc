#include "storage/kept_checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace storage {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(error), ", want a checkpoint there"));
}

absl::Status Sync(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && fsync(file) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  return synced ? absl::OkStatus() : Failed(path, error);
}

absl::Status Remove(const std::string& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  return error ? Failed(folder, error.value()) : absl::OkStatus();
}

// The files of `from`, which may be links to those of the store, as files of their own.
absl::Status CopyFiles(const std::string& from, const std::string& to) {
  if (mkdir(to.c_str(), 0700) != 0) return Failed(to, errno);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) {
    const std::string copy = absl::StrCat(to, "/", entry.path().filename().string());
    if (!fs::copy_file(entry.path(), copy, error)) return Failed(copy, error.value());
    if (absl::Status synced = Sync(copy); !synced.ok()) return synced;
  }
  return error ? Failed(from, error.value()) : Sync(to);
}

absl::Status CheckSize(const std::string& folder, uint64_t may_write) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) bytes += entry.file_size(error);
  if (error) return Failed(folder, error.value());
  if (bytes <= may_write) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(folder, ": ", bytes, " bytes to copy, ", may_write, " may be written"));
}

absl::Status ReadThrough(const std::string& folder) {
  const absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> copy =
      RocksDbMachineStore::OpenReadOnly(folder, absl::FailedPreconditionError("checkpoint"));
  return copy.ok() ? (*copy)->Verify() : copy.status();
}

absl::Status PutInPlace(const std::string& made, const std::string& checkpoint) {
  const unsigned flags = access(checkpoint.c_str(), F_OK) == 0 ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, checkpoint.c_str(), flags) != 0) return Failed(checkpoint, errno);
  return Sync(fs::path(checkpoint).parent_path());
}

}  // namespace

absl::Status KeepCheckpoint(RocksDbMachineStore& store, const std::string& checkpoint, uint64_t may_write) {
  const std::string links = checkpoint + ".links";
  const std::string made = checkpoint + ".new";
  // What a process that was killed has left.
  for (const std::string& left : {links, made}) {
    if (absl::Status removed = Remove(left); !removed.ok()) return removed;
  }
  absl::Status kept = store.Checkpoint(links);
  if (kept.ok()) kept = CheckSize(links, may_write);
  if (kept.ok()) kept = CopyFiles(links, made);
  if (kept.ok()) kept = ReadThrough(made);
  if (kept.ok()) kept = PutInPlace(made, checkpoint);
  for (const std::string& left : {links, made}) {
    if (absl::Status removed = Remove(left); kept.ok()) kept = removed;
  }
  return kept;
}

}  // namespace storage
