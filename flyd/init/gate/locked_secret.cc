#include "flyd/init/gate/locked_secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {

absl::StatusOr<LockedSecret> LockedSecret::Create(absl::string_view secret) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  LockedSecret made;
  made.mapped_ = (secret.size() / page + 1) * page;
  void* memory = mmap(nullptr, made.mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return absl::UnavailableError(absl::StrCat("secret: ", strerror(errno)));
  made.data_ = static_cast<char*>(memory);
  made.size_ = secret.size();
  madvise(memory, made.mapped_, MADV_DONTFORK);
  madvise(memory, made.mapped_, MADV_DONTDUMP);
  mlock(memory, made.mapped_);  // beyond RLIMIT_MEMLOCK the secret may be swapped: better than no machine
  memcpy(made.data_, secret.data(), secret.size());
  return made;
}

LockedSecret::~LockedSecret() {
  if (data_ == nullptr) return;
  explicit_bzero(data_, mapped_);
  munmap(data_, mapped_);
}

LockedSecret::LockedSecret(LockedSecret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

LockedSecret& LockedSecret::operator=(LockedSecret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

}  // namespace flyd
