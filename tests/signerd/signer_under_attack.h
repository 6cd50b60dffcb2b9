#ifndef TESTS_SIGNERD_SIGNER_UNDER_ATTACK_H_
#define TESTS_SIGNERD_SIGNER_UNDER_ATTACK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/rpc/test_fleet.h"
#include "tests/signerd/soft_token.h"
#include "tests/signerd/test_authority.h"
#include "tokensvc/pkcs11/pkcs11_token.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/signer/log/signature_log.h"
#include "tokensvc/signer/rules/clock_quality.h"
#include "tokensvc/signer/rules/sign_policy.h"
#include "tokensvc/signer/signer_server.h"
#include "tokensvc/unique_id_source.h"

namespace tests {

// What all signers of one test program share: making certificates and RSA keys takes long.
struct SharedHsm {
  SharedHsm();
  TestFleet fleet;
  SoftToken soft;
  FakeClock clock;
  std::unique_ptr<tokensvc::Pkcs11Token> token;
};

// A real signer: TLS, gRPC, a SoftHSM2 token behind the counting module, its state on disk; the fleet log is put into it by
// hand, the clock stands still.
class SignerUnderAttack final {
 public:
  SignerUnderAttack(SharedHsm& shared, std::vector<tokensvc::SignRule> rules);

  absl::Time now() const { return shared_.clock.Now(); }
  const std::string& address() const { return server_->address(); }
  TestAuthority& authority() { return authority_; }
  void SetClockError(absl::Duration bound) { quality_.bound = bound; }

  // Appends the changes to the fleet log, applies them and brings the keys up to date.
  void Apply(const std::vector<tokensvc::FleetChange>& changes);
  void ApplyHead(absl::Time issued, absl::Time expires);

  // Ends the signer and answers its log, after a check of the chain.
  std::vector<tokensvc::SignatureRow> EndAndReadLog();

 private:
  struct SettableQuality final : tokensvc::ClockQuality {
    absl::Duration ErrorBound() const override { return bound; }
    absl::Duration bound;
  };

  SharedHsm& shared_;
  const std::vector<tokensvc::SignRule> rules_;
  ScratchFolder folder_;
  TestAuthority authority_;
  SettableQuality quality_;
  tokensvc::JsonLog log_;
  size_t applied_ = 0;
  std::unique_ptr<tokensvc::SignerServer> server_;
};

}  // namespace tests

#endif  // TESTS_SIGNERD_SIGNER_UNDER_ATTACK_H_
