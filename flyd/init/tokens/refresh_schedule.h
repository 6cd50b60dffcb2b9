#ifndef FLYD_INIT_TOKENS_REFRESH_SCHEDULE_H_
#define FLYD_INIT_TOKENS_REFRESH_SCHEDULE_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace flyd {

// Share of the shortest token's life after which all files are replaced. With it a signer may be away for half of a
// token's life at any instant, and no file holds an expired token.
inline constexpr double kRefreshShare = 0.4;
// However long tokens live: Azure's SDK uses the text of a token file for five minutes after it was read.
inline constexpr absl::Duration kLongestPeriod = absl::Minutes(4);
// Life of a token that does not say how long it lives.
inline constexpr absl::Duration kAssumedTokenLifetime = absl::Minutes(10);
// How much of "exp" less "iat" is over when a token is signed: tokens are dated back by 5 s and whole seconds.
inline constexpr absl::Duration kSpentAtSigning = absl::Seconds(6);

inline constexpr absl::Duration kFirstRetry = absl::Seconds(1);
inline constexpr absl::Duration kLongestRetry = absl::Seconds(30);

// When the token files of one machine are fetched: all of them by one schedule. Pure: every time is handed in, as a
// reading of a clock that also runs while the host sleeps (CLOCK_BOOTTIME). Not thread-safe.
//
// Files are due at the instants (n + phase) * period of that clock; the phase comes from the machine's id alone. However
// machines fell into step (started together, resumed together, waited for the same signer), each goes back to its own
// instants, and over any period they ask evenly. Between two instants a file is due again only if its fetch failed, or
// after Disturb().
class RefreshSchedule {
 public:
  enum class Failure {
    kPassing,  // a signer that is away, a full disk: tried again with backoff
    kRefusal,  // the placement does not allow it: tried again at the next instant
  };

  // Every file is due at once.
  RefreshSchedule(absl::string_view machine_id, size_t files);

  std::vector<size_t> Due(absl::Duration now) const;
  // How long until a file is due; zero if one is.
  absl::Duration Pause(absl::Duration now) const;

  // `file` holds a token that was asked for at `asked` and lives for `lifetime` ("exp" less "iat"). A token that was asked
  // for before the last disturbance leaves its file due.
  void Fetched(size_t file, absl::Duration asked, absl::Duration lifetime);
  // `jitter` in [0, 1). `retry_after`: flyd's wish, zero if it had none.
  void Failed(size_t file, absl::Duration now, Failure failure, absl::Duration retry_after, double jitter);
  // Time was lost (the machine was resumed or restored) or the wall clock was set: no token can be relied on.
  void Disturb(absl::Duration now);

  // True when every file was fetched since it was made or last disturbed.
  bool IsFresh() const;
  // True when each file was fetched, or refused, since then: waiting would not help.
  bool IsSettled() const;
  // What is left of the token in `file`; nullopt before the first.
  std::optional<absl::Duration> Left(size_t file, absl::Duration now) const;
  absl::Duration period() const { return period_; }

 private:
  struct File {
    absl::Duration due = -absl::InfiniteDuration();
    std::optional<absl::Duration> expires;
    int failures = 0;
    bool fresh = false;
    bool refused = false;
  };
  absl::Duration NextInstant(absl::Duration after) const;
  absl::Duration RetryDelay(const File& file, absl::Duration now, double jitter) const;

  const double phase_;  // [0, 1)
  absl::Duration period_ = kAssumedTokenLifetime * kRefreshShare;
  absl::Duration disturbed_ = -absl::InfiniteDuration();
  std::vector<File> files_;
};

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_REFRESH_SCHEDULE_H_
