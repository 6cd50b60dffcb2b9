#ifndef TESTS_FAKES_FAKE_SIGNER_PORT_H_
#define TESTS_FAKES_FAKE_SIGNER_PORT_H_

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/signer/client/signer_port.h"

namespace tests {

// Answers each request with "token-N", at once or, while held, when Release is called. Thread-safe.
class FakeSignerPort final : public tokensvc::SignerPort {
 public:
  void Sign(tokensvc::SignItem item, tokensvc::SignDone done) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::StatusOr<tokensvc::SignedItem> outcome = absl::InternalError("unset");
    {
      absl::MutexLock lock(&mu_);
      ++asked_;
      last_ = item;
      outcome = Outcome();
      if (held_) {
        waiting_.emplace_back(std::move(done), std::move(outcome));
        return;
      }
    }
    done(std::move(outcome));
  }

  // Every later request is refused so; OkStatus signs again.
  void RefuseWith(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    refusal_ = std::move(status);
  }
  void Hold() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    held_ = true;
  }
  // Answers what was held; later requests are answered at once.
  void Release() ABSL_LOCKS_EXCLUDED(mu_) {
    std::vector<Waiting> waiting;
    {
      absl::MutexLock lock(&mu_);
      held_ = false;
      waiting.swap(waiting_);
    }
    for (Waiting& each : waiting) each.first(std::move(each.second));
  }

  int asked() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return asked_;
  }
  int waiting() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return static_cast<int>(waiting_.size());
  }
  tokensvc::SignItem last() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return last_;
  }

 private:
  using Waiting = std::pair<tokensvc::SignDone, absl::StatusOr<tokensvc::SignedItem>>;

  absl::StatusOr<tokensvc::SignedItem> Outcome() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!refusal_.ok()) return refusal_;
    return tokensvc::SignedItem{.token = absl::StrCat("token-", asked_), .jti = absl::StrCat("jti-", asked_)};
  }

  mutable absl::Mutex mu_;
  int asked_ ABSL_GUARDED_BY(mu_) = 0;
  bool held_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
  tokensvc::SignItem last_ ABSL_GUARDED_BY(mu_);
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_FAKES_FAKE_SIGNER_PORT_H_
