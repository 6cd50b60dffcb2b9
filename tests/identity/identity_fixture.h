#ifndef TESTS_IDENTITY_IDENTITY_FIXTURE_H_
#define TESTS_IDENTITY_IDENTITY_FIXTURE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "tests/init/fake_flyd.h"
#include "tests/init/machine_fixture.h"

namespace tests {

// A machine of the real init whose fake flyd mints: tokens that live as long as a test says, so that the shipped schedule
// runs as fast as the test needs (it is a share of the token's life), counted, and refused or withheld at will.
class IdentityTest : public MachineTest {
 protected:
  void SetUp() override;

  // The answer to POST /boot of a script with these variables.
  nlohmann::json Boot(const std::string& script, const std::map<std::string, std::string>& variables) const;

  // What the machine asked for at /v1/tokens/oidc: the bodies, in order.
  std::vector<nlohmann::json> Asked() const;

  // The status that mints get from now on; 200 mints.
  void AnswerWith(int status) { status_ = status; }
  // Of the tokens that are minted from now on.
  void SetLifetime(absl::Duration lifetime) { lifetime_milliseconds_ = absl::ToInt64Milliseconds(lifetime); }
  int minted() const { return minted_; }

  // The events that the machine reported: "type: detail".
  std::vector<std::string> Events() const;

 private:
  FakeAnswer Mint(const SeenRequest& request);

  std::atomic<int> status_ = 200;
  std::atomic<int64_t> lifetime_milliseconds_ = 600'000;
  std::atomic<int> minted_ = 0;
};

// A compact JWT with the claims aud, exp, iat, jti; its signature ends in "_end".
std::string TestToken(absl::string_view audience, absl::Time issued, absl::Duration lifetime, int number);

// The claims of a compact JWT; null where it is none.
nlohmann::json ClaimsOf(absl::string_view token);

}  // namespace tests

#endif  // TESTS_IDENTITY_IDENTITY_FIXTURE_H_
