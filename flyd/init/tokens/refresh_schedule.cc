#include "flyd/init/tokens/refresh_schedule.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace flyd {
namespace {

// A token that ends soon is tried for more often: never later than after this share of what is left of it.
constexpr double kUrgency = 1.0 / 8;
// A workload that has no token at all waits for it.
constexpr double kFirstTokenHaste = 1.0 / 4;

// FNV-1a with a final mix: ids differ in few characters, phases must not.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  return hash;
}

double Phase(absl::string_view machine_id) {
  return static_cast<double>(Hash(machine_id) >> 11) / static_cast<double>(uint64_t{1} << 53);
}

}  // namespace

RefreshSchedule::RefreshSchedule(absl::string_view machine_id, size_t files) : phase_(Phase(machine_id)), files_(files) {}

std::vector<size_t> RefreshSchedule::Due(absl::Duration now) const {
  std::vector<size_t> due;
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].due <= now) due.push_back(i);
  }
  return due;
}

absl::Duration RefreshSchedule::Pause(absl::Duration now) const {
  absl::Duration pause = kLongestPeriod;
  for (const File& file : files_) pause = std::min(pause, file.due - now);
  return std::max(pause, absl::ZeroDuration());
}

void RefreshSchedule::Fetched(size_t index, absl::Duration asked, absl::Duration lifetime) {
  File& file = files_[index];
  file.failures = 0;
  file.expires = asked + lifetime - std::min(kSpentAtSigning, lifetime / 2);
  period_ = std::min(period_, std::min(lifetime * kRefreshShare, kLongestPeriod));
  if (asked < disturbed_) return;
  file.fresh = true;
  file.refused = false;
  file.due = NextInstant(asked);
}

void RefreshSchedule::Failed(size_t index, absl::Duration now, Failure failure, absl::Duration retry_after,
                             double jitter) {
  File& file = files_[index];
  if (failure == Failure::kRefusal) {
    file.refused = true;
    file.due = NextInstant(now);
    return;
  }
  ++file.failures;
  file.due = now + std::max(RetryDelay(file, now, jitter), std::min(retry_after, kLongestRetry));
}

void RefreshSchedule::Disturb(absl::Duration now) {
  disturbed_ = now;
  for (File& file : files_) {
    file.due = now;
    file.fresh = false;
    file.refused = false;
  }
}

bool RefreshSchedule::IsFresh() const {
  return std::all_of(files_.begin(), files_.end(), [](const File& file) { return file.fresh; });
}

bool RefreshSchedule::IsSettled() const {
  return std::all_of(files_.begin(), files_.end(), [](const File& file) { return file.fresh || file.refused; });
}

std::optional<absl::Duration> RefreshSchedule::Left(size_t index, absl::Duration now) const {
  if (!files_[index].expires.has_value()) return std::nullopt;
  return *files_[index].expires - now;
}

absl::Duration RefreshSchedule::NextInstant(absl::Duration after) const {
  const double periods = std::floor(absl::FDivDuration(after, period_) - phase_) + 1;
  const absl::Duration instant = (periods + phase_) * period_;
  return instant > after ? instant : instant + period_;  // rounding
}

absl::Duration RefreshSchedule::RetryDelay(const File& file, absl::Duration now, double jitter) const {
  absl::Duration delay = kFirstRetry;
  for (int i = 1; i < file.failures && delay < kLongestRetry; ++i) delay *= 2;
  delay = std::min(delay, kLongestRetry);
  if (!file.expires.has_value()) {
    delay *= kFirstTokenHaste;
  } else if (*file.expires > now) {
    delay = std::min(delay, std::max((*file.expires - now) * kUrgency, kFirstRetry));
  }
  return delay * (1 - jitter / 2);
}

}  // namespace flyd
