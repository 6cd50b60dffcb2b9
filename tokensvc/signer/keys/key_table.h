#ifndef TOKENSVC_SIGNER_KEYS_KEY_TABLE_H_
#define TOKENSVC_SIGNER_KEYS_KEY_TABLE_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/sqlite_connection.h"
#include "tokensvc/fleetlog/fleet_state.h"
#include "tokensvc/pkcs11/hsm.h"
#include "tokensvc/signer/keys/token_key.h"

namespace tokensvc {

// The keys that the schedule gives to this signer's key group, made in its HSM as the schedule names them. The id of each
// stands in a journal before the key is made: after a crash the key is found, or made, under that id, and none is lost.
// Thread-safe.
class KeyTable {
 public:
  // `hsm` outlives the table. Errors as SqliteConnection.
  static absl::StatusOr<std::unique_ptr<KeyTable>> Open(const std::string& journal_path, Hsm& hsm, std::string key_group);

  // Finds or makes the key of each slot of the group that is not removed by `now`. A key that the journal knows as made
  // and the HSM does not have is not made again: another one under its name would end every token signed so far.
  // The first error; what could be had is in keys() nevertheless.
  //   FailedPrecondition: a key is lost or not what it must be. Unavailable: the HSM does not answer.
  absl::Status Update(const FleetState& fleet, absl::Time now) ABSL_LOCKS_EXCLUDED(update_, mu_);

  std::shared_ptr<const TokenKeys> keys() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  KeyTable(std::unique_ptr<storage::SqliteConnection> journal, Hsm& hsm, std::string key_group)
      : hsm_(hsm), key_group_(std::move(key_group)), journal_(std::move(journal)) {}
  absl::StatusOr<std::shared_ptr<const TokenKey>> FindOrMake(const KeySlot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(update_);
  // The public key noted when the key was made; empty: only its id is, or not even that.
  absl::StatusOr<std::string> Journalled(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(update_);
  absl::Status Journal(const std::string& id, absl::string_view spki_der) ABSL_EXCLUSIVE_LOCKS_REQUIRED(update_);

  Hsm& hsm_;
  const std::string key_group_;
  absl::Mutex update_ ABSL_ACQUIRED_BEFORE(mu_);
  const std::unique_ptr<storage::SqliteConnection> journal_ ABSL_PT_GUARDED_BY(update_);
  mutable absl::Mutex mu_;
  std::shared_ptr<const TokenKeys> keys_ ABSL_GUARDED_BY(mu_) = std::make_shared<const TokenKeys>();
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_KEYS_KEY_TABLE_H_
