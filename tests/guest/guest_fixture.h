#ifndef TESTS_GUEST_GUEST_FIXTURE_H_
#define TESTS_GUEST_GUEST_FIXTURE_H_

#include <map>
#include <memory>
#include <string>

#include "flyd/guest/guest_gate.h"
#include "flyd/guest/http_guest_sockets.h"
#include "flyd/service_manager/service_manager.h"
#include "flyd/supervisor/boot_registry.h"
#include "gtest/gtest.h"
#include "storage/secret_bytes.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_signer_port.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tokensvc/http/http_server.h"
#include "tokensvc/token/token_service.h"

namespace tests {

// The supervisor's side of the gate with the real fence: boots that a test publishes, each with one boot answer.
class TestBoots final : public flyd::BootGate {
 public:
  absl::StatusOr<std::shared_ptr<const flyd::BootView>> BootOf(absl::string_view machine_id, flyd::BootUse use) override;
  absl::StatusOr<std::string> TakeBootAnswer(absl::string_view machine_id) override;
  absl::Status Release(const flyd::BootView& view, absl::FunctionRef<void()> write) override;
  absl::Status ReportFromInit(const flyd::BootView& view, absl::string_view type, absl::string_view detail) override;
  absl::Status ReportEndFromInit(const flyd::BootView& view, const flyd::BootExit& end) override;

  flyd::BootRegistry registry;
  std::map<std::string, int> boot_answers_left;
  std::vector<std::string> reports;
};

struct GuestAnswer {
  int status = 0;
  std::string head;  // status line and headers
  std::string body;
};

// The real gate on real Unix sockets, with the machines kOne and kTwo booted.
class GuestFixture : public testing::Test {
 protected:
  static constexpr char kOne[] = "148e21ea7e46e8";
  static constexpr char kTwo[] = "3d8d413b29d089";

  GuestFixture();

  // Boots the machine (again): a new nonce, and so a new Macaroon.
  void Boot(const std::string& machine_id);
  // The Macaroon of the machine's present boot, as an Authorization value.
  std::string Macaroon(const std::string& machine_id) const { return macaroons_.at(machine_id); }

  // Sends the bytes on the machine's socket and reads one answer; status 0 where the connection ended without one.
  GuestAnswer Exchange(const std::string& machine_id, const std::string& bytes) const;
  GuestAnswer Post(const std::string& machine_id, const std::string& headers, const std::string& body = "",
                   const std::string& target = "/v1/tokens/oidc") const;
  GuestAnswer Ask(const std::string& body) const { return Post(kOne, "Authorization: " + Macaroon(kOne) + "\r\n", body); }

  // The newest row of the ledger; fails the test where there is none.
  storage::LedgerRow NewestRow() const;

  ScratchFolder folder_;
  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  storage::SecretBytes root_key_{std::string(32, 'k')};
  TestBoots boots_;
  FakeSignerPort signer_;
  MemoryLedger ledger_;
  tokensvc::TokenService tokens_{signer_, ledger_, clock_};
  std::unique_ptr<flyd::GuestGate> gate_;
  std::unique_ptr<tokensvc::HttpServer> server_;
  flyd::ServiceManager manager_;
  std::unique_ptr<flyd::HttpGuestSockets> sockets_;
  std::map<std::string, std::string> macaroons_;
  int boots_made_ = 0;
};

}  // namespace tests

#endif  // TESTS_GUEST_GUEST_FIXTURE_H_
