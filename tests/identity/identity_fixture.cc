#include "tests/identity/identity_fixture.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tokensvc/clock.h"

namespace tests {

std::string TestToken(absl::string_view audience, absl::Time issued, absl::Duration lifetime, int number) {
  const int64_t iat = absl::ToUnixSeconds(issued);
  const nlohmann::json claims = {{"aud", std::string(audience)},
                                 {"exp", iat + absl::ToInt64Seconds(lifetime)},
                                 {"iat", iat},
                                 {"jti", absl::StrCat("jti-", number)}};
  // Lengths differ, so that a reader of two halves would see it.
  const std::string padding(static_cast<size_t>(number % 7) * 50, 'x');
  return absl::StrCat("eyJhbGciOiJSUzI1NiJ9.", absl::WebSafeBase64Escape(claims.dump()), ".", padding, "_end");
}

nlohmann::json ClaimsOf(absl::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  std::string payload;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[1], &payload)) return nullptr;
  return nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
}

void IdentityTest::SetUp() {
  MachineTest::SetUp();
  handler_ = [this](const SeenRequest& request) {
    return request.target == "/v1/tokens/oidc" ? Mint(request) : FakeAnswer{204, ""};
  };
}

FakeAnswer IdentityTest::Mint(const SeenRequest& request) {
  if (const int status = status_; status != 200) return {status, R"({"error":"test: refused"})"};
  const nlohmann::json body = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return {400, R"({"error":"body: not JSON"})"};
  return {200, TestToken(body.value("aud", ""), tokensvc::RealClock().Now(), absl::Milliseconds(lifetime_milliseconds_.load()),
                         minted_.fetch_add(1))};
}

nlohmann::json IdentityTest::Boot(const std::string& script, const std::map<std::string, std::string>& variables) const {
  nlohmann::json answer = BootAnswer(script);
  answer["run"]["env"] = variables;
  return answer;
}

std::vector<nlohmann::json> IdentityTest::Asked() const {
  std::vector<nlohmann::json> bodies;
  for (const SeenRequest& request : flyd_->Seen("/v1/tokens/oidc")) {
    bodies.push_back(nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false));
  }
  return bodies;
}

std::vector<std::string> IdentityTest::Events() const {
  std::vector<std::string> events;
  for (const SeenRequest& request : flyd_->Seen("/boot/events")) {
    const nlohmann::json event = nlohmann::json::parse(request.body);
    events.push_back(absl::StrCat(event["type"].get<std::string>(), ": ", event["detail"].get<std::string>()));
  }
  return events;
}

}  // namespace tests
