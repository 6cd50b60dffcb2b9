#include "tests/fakes/memory_fleet_log_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tests {

absl::StatusOr<uint64_t> MemoryFleetLogStore::LastNumber() {
  absl::MutexLock lock(&mu_);
  return entries_.size();
}

absl::Status MemoryFleetLogStore::Append(uint64_t number, absl::string_view signed_entry) {
  absl::MutexLock lock(&mu_);
  if (!failure_.ok()) return failure_;
  if (number != entries_.size() + 1) {
    return absl::AbortedError(absl::StrCat("entry: ", number, ", want ", entries_.size() + 1));
  }
  entries_.emplace_back(signed_entry);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryFleetLogStore::Read(uint64_t from, size_t limit) {
  absl::MutexLock lock(&mu_);
  if (from == 0 || from > entries_.size()) return std::vector<std::string>();
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(from - 1);
  const size_t count = std::min(limit, static_cast<size_t>(entries_.end() - first));
  return std::vector<std::string>(first, first + static_cast<std::ptrdiff_t>(count));
}

absl::Status MemoryFleetLogStore::PutSigner(const tokensvc::SignerRecord& signer) {
  absl::MutexLock lock(&mu_);
  if (!failure_.ok()) return failure_;
  signers_[signer.name] = signer;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<tokensvc::SignerRecord>> MemoryFleetLogStore::Signers() {
  absl::MutexLock lock(&mu_);
  std::vector<tokensvc::SignerRecord> all;
  for (const auto& [name, record] : signers_) all.push_back(record);
  return all;
}

void MemoryFleetLogStore::FailWritesWith(absl::Status status) {
  absl::MutexLock lock(&mu_);
  failure_ = std::move(status);
}

}  // namespace tests
