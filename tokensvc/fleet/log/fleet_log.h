#ifndef TOKENSVC_FLEET_LOG_FLEET_LOG_H_
#define TOKENSVC_FLEET_LOG_FLEET_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/keys/fleet_key.h"
#include "tokensvc/fleet/log/fleet_log_store.h"
#include "tokensvc/fleetlog/fleet_state.h"

namespace tokensvc {

struct OrganizationEntry {
  OrganizationIssuer issuer;
  absl::Time created;
};

// The writer's end of the fleet log: makes, signs, chains and keeps entries and heads, and follows who has applied them.
// Thread-safe.
//
// Invariants: what it answers from is the fold of what is durable; a lease is recorded before it leaves; after an append
// that could not be kept, every call answers Unavailable until the program starts again.
class FleetLog {
 public:
  // Reads the whole log, checking chain and signatures under `key`. DataLoss, naming the entry, where one does not hold.
  // All three outlive the object.
  static absl::StatusOr<std::unique_ptr<FleetLog>> Open(FleetLogStore& store, FleetKey& key, const Clock& clock);

  // Signs and keeps the next entry; its number. InvalidArgument: a field out of its bounds. FailedPrecondition: it breaks
  // a rule of FleetState.
  absl::StatusOr<uint64_t> Append(FleetChange change) ABSL_LOCKS_EXCLUDED(mu_);

  uint64_t number() const ABSL_LOCKS_EXCLUDED(mu_);
  std::optional<FleetSettings> settings() const ABSL_LOCKS_EXCLUDED(mu_);
  bool HasKeySlot(absl::string_view key_group, absl::string_view slot) const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t MinimumGeneration(absl::string_view machine_id) const ABSL_LOCKS_EXCLUDED(mu_);

  std::optional<OrganizationEntry> FindOrganization(absl::string_view slug) const ABSL_LOCKS_EXCLUDED(mu_);
  std::optional<OrganizationEntry> FindOrganization(uint64_t id) const ABSL_LOCKS_EXCLUDED(mu_);
  // By slug, after `after_slug`, at most `limit`; deleted ones too.
  std::vector<OrganizationEntry> ListOrganizations(absl::string_view after_slug, size_t limit) const
      ABSL_LOCKS_EXCLUDED(mu_);

  // A signer begins to follow: what it holds, as it says. Its record is durable afterwards, also where it went back.
  // FailedPrecondition: its chain is not a prefix of this one. The answer names the session; a later one of the same
  // name ends it.
  absl::StatusOr<uint64_t> BeginFollowing(absl::string_view signer, uint64_t applied, absl::string_view applied_sha256)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Durable. FailedPrecondition: another chain, or less than before. Aborted: the session is over.
  absl::Status Acknowledge(absl::string_view signer, uint64_t session, uint64_t applied,
                           absl::string_view applied_sha256) ABSL_LOCKS_EXCLUDED(mu_);

  // What to send next to a signer that was sent everything up to `sent` and the head issued at `head_issued`.
  struct Next {
    std::vector<std::string> entries;
    std::string head;  // its lease is recorded
    absl::Time head_issued;
  };
  // Waits until there is something, at most a second; empty then. Aborted: the session is over. Cancelled: Stop().
  absl::StatusOr<Next> AwaitNext(absl::string_view signer, uint64_t session, uint64_t sent, absl::Time head_issued)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Names of the signers for which entry `number` is not settled. Waits until there is none, at most `wait`.
  std::vector<std::string> AwaitSettled(uint64_t number, absl::Duration wait) ABSL_LOCKS_EXCLUDED(mu_);

  // What every change answers: OK, or why the program must start again.
  absl::Status health() const ABSL_LOCKS_EXCLUDED(mu_);

  // Ends every wait, from now on.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Follower {
    SignerRecord record;
    uint64_t session = 0;
  };
  struct Head {
    std::string bytes;
    uint64_t number = 0;
    absl::Time issued;
    absl::Time expires;
  };

  FleetLog(FleetLogStore& store, FleetKey& key, const Clock& clock);
  absl::Status Load() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status ApplyLocked(absl::string_view signed_entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::string> SignEntryLocked(FleetChange change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status CheckPrefixLocked(uint64_t applied, absl::string_view sha256) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status PutRecordLocked(Follower& follower, SignerRecord record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<const Head*> FreshHeadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool HeadIsDueLocked(absl::Time head_issued) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Next> NextLocked(Follower& follower, uint64_t sent, absl::Time head_issued)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Follower*> FindLocked(absl::string_view signer, uint64_t session) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  FleetLogStore& store_;
  FleetKey& key_;
  const Clock& clock_;
  const std::string key_id_;

  mutable absl::Mutex mu_;
  absl::CondVar changed_;
  FleetState state_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, OrganizationEntry, std::less<>> organizations_ ABSL_GUARDED_BY(mu_);  // by slug
  std::vector<std::string> hashes_ ABSL_GUARDED_BY(mu_);  // of entry i + 1
  std::map<std::string, Follower, std::less<>> followers_ ABSL_GUARDED_BY(mu_);
  std::optional<Head> head_ ABSL_GUARDED_BY(mu_);
  absl::Status broken_ ABSL_GUARDED_BY(mu_);
  uint64_t sessions_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_LOG_FLEET_LOG_H_
