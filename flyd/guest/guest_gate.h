#ifndef FLYD_GUEST_GUEST_GATE_H_
#define FLYD_GUEST_GUEST_GATE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flyd/guest/rate_limiter.h"
#include "flyd/supervisor/boot_gate.h"
#include "storage/secret_bytes.h"
#include "tokensvc/clock.h"
#include "tokensvc/http/http_exchange.h"
#include "tokensvc/token/token_service.h"

namespace flyd {

// The guest API (HTTP on each machine's socket): who asks is the listener's tag and nothing else.
//
//   POST /boot                         the boot answer, once
//   POST /boot/events                  PID 1 reports
//   POST /v1/tokens/oidc               a token: 200, text/plain, the bare JWT
//   GET  /v1/tokens/current            what the presented Macaroon allows
//   POST /v1/tokens/attenuate          a weaker copy of the presented Macaroon, for PID 1 to keep
//   GET  /v1/apps/APP/machines/ID      the machine's own record, and its /metadata
//
// Errors are {"error": "subject: found, want"}; 401 has no detail. Each refusal leaves a row in the ledger, those by PID 1 too;
// of a flood only the beginning does, so that no machine fills the worker's disk. Thread-safe.
class GuestGate {
 public:
  using Log = std::function<void(absl::string_view event, absl::string_view machine_id, absl::string_view detail)>;

  // The Macaroon root keys of this worker by epoch.
  using RootKeys = std::map<uint32_t, std::shared_ptr<const storage::SecretBytes>>;

  // References are not owned and outlive this.
  GuestGate(BootGate& boots, tokensvc::TokenService& tokens, const tokensvc::Clock& clock, RootKeys root_keys, Log log);

  // Answers a request that came in on the machine's socket.
  void Handle(std::shared_ptr<tokensvc::HttpExchange> exchange);

  // The HTTP server refused a request before it was one.
  void OnMalformed(const std::string& machine_id, int status, const std::string& why);

 private:
  using Exchange = std::shared_ptr<tokensvc::HttpExchange>;
  using View = std::shared_ptr<const BootView>;

  void Boot(const Exchange& exchange);
  void BootEvent(const Exchange& exchange);
  void Mint(const Exchange& exchange);
  void Current(const Exchange& exchange);
  void Attenuate(const Exchange& exchange);
  void OwnRecord(const Exchange& exchange);

  // The boot that asks, its Macaroon cleared for the access; else the exchange has been answered and it is null.
  View Cleared(const Exchange& exchange, absl::string_view feature, bool mints, std::string* token_id,
               BootUse use = BootUse::kMint);
  void Release(const Exchange& exchange, const View& view, absl::StatusOr<tokensvc::SignedItem> signed_item);
  void Refuse(const Exchange& exchange, absl::string_view boot_id, const absl::Status& why);
  void WriteDown(absl::string_view machine_id, absl::string_view boot_id, const absl::Status& why);

  BootGate& boots_;
  tokensvc::TokenService& tokens_;
  const tokensvc::Clock& clock_;
  const RootKeys root_keys_;
  const Log log_;
  RateLimiter mints_;
  RateLimiter refusals_;
  RateLimiter floods_;
};

}  // namespace flyd

#endif  // FLYD_GUEST_GUEST_GATE_H_
