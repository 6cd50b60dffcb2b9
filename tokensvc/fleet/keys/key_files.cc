#include "tokensvc/fleet/keys/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tokensvc {
namespace {

constexpr size_t kMacaroonKeyBytes = 32;
constexpr size_t kPemLine = 64;

// Writes `bytes` to PATH.new, syncs it and renames it to PATH: a reader sees the old file, the new one or none.
absl::Status WriteWhole(const std::string& path, absl::string_view bytes, mode_t mode) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  const bool written = fd >= 0 && write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
                       fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (written && rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  unlink(temporary.c_str());
  return absl::UnavailableError(absl::StrCat(path, ": not writable, want it in a folder of our own"));
}

// The rename itself must survive a power cut: a Macaroon key that is lost ends every boot token.
absl::Status SyncFolderOf(const std::string& path) {
  const std::string dir = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  const int fd = open(dir.empty() ? "." : dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  return synced ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(path, ": folder not synced, want it durable"));
}

absl::StatusOr<storage::SecretBytes> Read(int fd, const std::string& path) {
  struct stat facts;
  if (fstat(fd, &facts) != 0) return absl::UnavailableError(absl::StrCat(path, ": unreadable, want a key file"));
  if ((facts.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: mode %04o, want 0600", path, facts.st_mode & 0777));
  }
  std::string bytes(kMacaroonKeyBytes + 1, '\0');
  const ssize_t size = read(fd, bytes.data(), bytes.size());
  if (size != static_cast<ssize_t>(kMacaroonKeyBytes)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": other than ", kMacaroonKeyBytes, " bytes, want them"));
  }
  bytes.resize(kMacaroonKeyBytes);
  return storage::SecretBytes(std::move(bytes));
}

}  // namespace

absl::StatusOr<storage::SecretBytes> LoadOrCreateMacaroonKey(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    absl::StatusOr<storage::SecretBytes> key = Read(fd, path);
    close(fd);
    return key;
  }
  if (errno != ENOENT) return absl::UnavailableError(absl::StrCat(path, ": unreadable, want a key file"));
  storage::SecretBytes key = storage::RandomSecret(kMacaroonKeyBytes);
  if (absl::Status written = WriteWhole(path, key.Reveal(), 0600); !written.ok()) return written;
  if (absl::Status synced = SyncFolderOf(path); !synced.ok()) return synced;
  return key;
}

absl::Status WritePublicKeyPem(const std::string& path, absl::string_view spki_der) {
  std::string pem = "-----BEGIN PUBLIC KEY-----\n";
  const std::string base64 = absl::Base64Escape(spki_der);
  for (size_t i = 0; i < base64.size(); i += kPemLine) absl::StrAppend(&pem, base64.substr(i, kPemLine), "\n");
  absl::StrAppend(&pem, "-----END PUBLIC KEY-----\n");
  return WriteWhole(path, pem, 0644);
}

}  // namespace tokensvc
