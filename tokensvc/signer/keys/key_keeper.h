#ifndef TOKENSVC_SIGNER_KEYS_KEY_KEEPER_H_
#define TOKENSVC_SIGNER_KEYS_KEY_KEEPER_H_

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/clock.h"
#include "tokensvc/pkcs11/hsm.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/signer/fleet/fleet_view.h"
#include "tokensvc/signer/keys/bundle_board.h"
#include "tokensvc/signer/keys/key_table.h"

namespace tokensvc {

// Keeps the keys and the published bundle at what the fleet log and the time say, on a thread of its own: making an RSA
// key takes long, and no fence may wait for it. Thread-safe.
class KeyKeeper {
 public:
  // The references outlive the keeper. `bundle_key` is a P-256 key of `hsm`.
  KeyKeeper(const FleetView& fleet, KeyTable& keys, Hsm& hsm, HsmKey bundle_key, BundleBoard& board, const Clock& clock,
            JsonLog& log);
  ~KeyKeeper();

  // The fleet log has changed: look at once instead of within a second.
  void Wake() ABSL_LOCKS_EXCLUDED(mu_);

  // Looks now. The first thing that could not be had; what could be is published nevertheless.
  absl::Status Keep() ABSL_LOCKS_EXCLUDED(keeping_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Publish(const FleetSnapshot& fleet, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(keeping_);

  const FleetView& fleet_;
  KeyTable& keys_;
  Hsm& hsm_;
  const HsmKey bundle_key_;
  BundleBoard& board_;
  const Clock& clock_;
  JsonLog& log_;

  absl::Mutex keeping_;
  std::string published_ ABSL_GUARDED_BY(keeping_);  // what the bundle on the board was made of
  std::string complaint_ ABSL_GUARDED_BY(keeping_);  // the last one logged

  absl::Mutex mu_;
  bool wake_ ABSL_GUARDED_BY(mu_) = true;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_KEYS_KEY_KEEPER_H_
