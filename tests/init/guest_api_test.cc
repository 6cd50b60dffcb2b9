#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/init/fake_flyd.h"
#include "tests/init/machine_fixture.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kCurl[] = "curl -s --max-time 20 --unix-socket /.fly/api ";

std::string Jwt(int lifetime_seconds) {
  const nlohmann::json claims = {{"iat", 1700000000}, {"exp", 1700000000 + lifetime_seconds}};
  return absl::StrCat("eyJhbGciOiJSUzI1NiJ9.", absl::WebSafeBase64Escape(claims.dump()), ".c2ln");
}

class GuestApiTest : public MachineTest {
 protected:
  std::string Curl(const std::string& arguments) {
    EXPECT_EQ(RunScript(absl::StrCat(kCurl, arguments)).error, "");
    return Output();
  }
};

TEST_F(GuestApiTest, ARequestPassesWithTheMacaroonOfTheBoot) {
  handler_ = [](const SeenRequest& request) {
    return FakeAnswer{200, absl::StrCat("token for ", request.body), {{"Content-Type", "text/plain"}}};
  };
  EXPECT_EQ(Curl("-X POST http://localhost/v1/tokens/oidc --data '{\"aud\":\"x\"}'"), "token for {\"aud\":\"x\"}");
  ASSERT_EQ(flyd_->Seen("/v1/tokens/oidc").size(), 1u);
  const SeenRequest seen = flyd_->Seen("/v1/tokens/oidc")[0];
  EXPECT_EQ(seen.method, "POST");
  ASSERT_EQ(seen.headers.count("authorization"), 1u);
  EXPECT_EQ(seen.headers.find("authorization")->second, kMacaroon);
}

TEST_F(GuestApiTest, WhatTheCallerSaysOfItselfStaysBehind) {
  handler_ = [](const SeenRequest&) { return FakeAnswer{200, "ok"}; };
  Curl("-H 'Authorization: FlyV1 mine' -H 'authorization: again' -H 'X-Forwarded-For: 1.2.3.4' "
       "-H 'Cookie: a=b' -H 'traceparent: 00-1-2-01' http://another/v1/tokens/current");
  ASSERT_EQ(flyd_->Seen("/v1/tokens/current").size(), 1u);
  const SeenRequest seen = flyd_->Seen("/v1/tokens/current")[0];
  ASSERT_EQ(seen.headers.count("authorization"), 1u);
  EXPECT_EQ(seen.headers.find("authorization")->second, kMacaroon);
  for (const char* name : {"x-forwarded-for", "cookie"}) {
    EXPECT_EQ(seen.headers.count(name), 0u) << name;
  }
  EXPECT_EQ(seen.headers.find("host")->second, "flyd");
  EXPECT_EQ(seen.headers.find("traceparent")->second, "00-1-2-01");
}

TEST_F(GuestApiTest, WhoClaimsToBeAMachineIsRefusedByFlyd) {
  handler_ = [](const SeenRequest& request) { return FakeAnswer{request.headers.count("fly-src") > 0 ? 400 : 200, ""}; };
  EXPECT_EQ(Curl("-o /dev/null -w '%{http_code}' -H 'Fly-Src: other' http://localhost/v1/x"), "400");
}

TEST_F(GuestApiTest, NoMacaroonEntersTheWorkloadNotEvenAWeakerOne) {
  handler_ = [](const SeenRequest&) { return FakeAnswer{200, "{}"}; };
  EXPECT_EQ(Curl("-o /dev/null -w '%{http_code}' -X POST http://localhost/v1/tokens/attenuate"), "403");
  EXPECT_TRUE(flyd_->Seen("/v1/tokens/attenuate").empty());
}

TEST_F(GuestApiTest, FlydHearsOfWhatInitRefused) {
  RunScript(absl::StrCat("head -c 4097 /dev/zero > /tmp/b; ", kCurl, "--data-binary @/tmp/b http://localhost/v1/x; ", kCurl,
                         "http://localhost/v2/x; until [ -e /tmp/go ]; do ", kCurl, "http://localhost/v1/done; touch /tmp/go; done"));
  ASSERT_TRUE(flyd_->Await("/boot/events", 3));
  std::vector<std::string> details;
  for (const SeenRequest& event : flyd_->Seen("/boot/events")) {
    const nlohmann::json json = nlohmann::json::parse(event.body);
    if (json["type"] == "request_refused") details.push_back(json["detail"]);
  }
  EXPECT_THAT(details, testing::ElementsAre("HTTP 413 by init: body: more than 4096 bytes, want at most those",
                                            "HTTP 404 by init: route: unknown, want one below /v1/"));
}

TEST_F(GuestApiTest, AnAnswerThatEchoesTheMacaroonIsWithheld) {
  handler_ = [](const SeenRequest& request) {
    const std::string secret = request.headers.find("authorization")->second;
    if (request.target == "/v1/plain") return FakeAnswer{200, absl::StrCat("you said ", secret)};
    if (request.target == "/v1/json") return FakeAnswer{200, nlohmann::json({{"auth", secret.substr(6)}}).dump()};
    if (request.target == "/v1/known-header") return FakeAnswer{200, "x", {{"Cache-Control", secret}}};
    return FakeAnswer{200, "x", {{"Authorization", secret}, {"X-Echo", secret}}};
  };
  RunScript(absl::StrCat("for r in plain json known-header header; do ", kCurl, "-i http://localhost/v1/$r; echo; done"));
  EXPECT_THAT(Output(), Not(HasSubstr("fm2_")));
  EXPECT_THAT(Output(), HasSubstr("answer: carried a credential"));
  EXPECT_THAT(Output(), HasSubstr("HTTP/1.1 200 OK")) << "an unknown header is dropped, the rest of the answer passes";
}

TEST_F(GuestApiTest, OnlyRoutesBelowV1Pass) {
  RunScript(absl::StrCat("for r in boot boot/events v1/../boot v1/%2e%2e/boot v1//boot /boot v2/x; do ", kCurl,
                         "--path-as-is -o /dev/null -w '%{http_code} ' -X POST http://localhost/$r; done"));
  EXPECT_EQ(Output(), "404 404 404 404 404 404 404 ");
  EXPECT_EQ(flyd_->Seen("/boot").size(), 1u) << "PID 1's own";
}

TEST_F(GuestApiTest, LimitsAreFlyds) {
  handler_ = [](const SeenRequest& request) { return FakeAnswer{200, absl::StrCat(request.body.size())}; };
  RunScript(absl::StrCat(
      "head -c 4096 /dev/zero | tr '\\0' a > /tmp/b; (cat /tmp/b; printf a) > /tmp/c; h=$(head -c 16385 /dev/zero | tr '\\0' h)\n",
      kCurl, "-w ' %{http_code}\\n' --data-binary @/tmp/b http://localhost/v1/x; ", kCurl,
      "-w ' %{http_code}\\n' --data-binary @/tmp/c http://localhost/v1/x; ", kCurl,
      "-w ' %{http_code}\\n' -H \"X-Long: $h\" http://localhost/v1/x"));
  EXPECT_EQ(Output(),
            "4096 200\n"
            "{\"error\":\"body: more than 4096 bytes, want at most those\"} 413\n"
            "{\"error\":\"headers: more than 16384 bytes, want at most those\"} 431\n");
}

// What a program inside gets for bytes that it writes and a half-closed connection: the status line.
constexpr char kRaw[] = R"py(
import socket, sys
for request in (
    'hello|',
    'POST /v1/x HTTP/1.1|Host: x|A: b| c|',
    'POST /v1/x HTTP/1.1|Host: x|Content-Length: 1|Content-Length: 1||a',
    'POST /v1/x HTTP/1.1|Host: x|Content-Length: 2|Transfer-Encoding: chunked||0||',
    'POST /v1/x HTTP/1.1|Host: x|Transfer-Encoding: xchunked||0||',
    'POST /v1/x HTTP/1.1|Host: x|Transfer-Encoding: chunked||0|A: trailer||',
    'POST /v1/x HTTP/1.1|Content-Length: 0||',
    'POST /v1/x HTTP/1.1|Host: x|Content-Length: 9||abc',
    'POST /v1/x HTTP/1.1|Host: x|',
    'GET /v1/x HTTP/1.1|Host: x|X: ' + 'a' * (16384 - 35) + '||',
    'GET /v1/x HTTP/1.1|Host: x|X: ' + 'a' * (16384 - 36) + '||',
    'GET http://h/v1/x HTTP/1.1|Host: x||'):
  s = socket.socket(socket.AF_UNIX)
  s.connect('/.fly/api')
  s.sendall(request.replace('|', chr(13) + chr(10)).encode())
  s.shutdown(socket.SHUT_WR)
  print(s.recv(999).decode().split(' ')[1], end=' ')
)py";

TEST_F(GuestApiTest, WhatIsNotHttpToTheLetterIsRefused) {
  handler_ = [](const SeenRequest&) { return FakeAnswer{200, ""}; };
  RunScript(absl::StrCat("cat > /tmp/raw.py <<'END'\n", kRaw, "\nEND\npython3 /tmp/raw.py"));
  EXPECT_EQ(Output(), "400 400 400 400 400 400 400 400 400 431 200 200 ");
}

TEST_F(GuestApiTest, StatusAndRetryAfterOfARefusalPass) {
  handler_ = [](const SeenRequest&) {
    return FakeAnswer{429, "{\"error\":\"rate\"}", {{"Retry-After", "3"}, {"Content-Type", "application/json"}}};
  };
  const std::string output = Curl("-i -X POST http://localhost/v1/tokens/oidc");
  EXPECT_THAT(output, HasSubstr("429 Too Many Requests"));
  EXPECT_THAT(output, HasSubstr("Retry-After: 3"));
  EXPECT_THAT(output, HasSubstr("{\"error\":\"rate\"}"));
}

TEST_F(GuestApiTest, ARequestWaitsForAFlydThatIsRestarted) {
  handler_ = [](const SeenRequest& request) { return FakeAnswer{request.target == "/v1/x" ? 200 : 204, "back"}; };
  ASSERT_TRUE(Start(BootAnswer(absl::StrCat("while [ ! -e /tmp/go ]; do sleep 0.02; done; echo asking; ", kCurl,
                                            "http://localhost/v1/x"))));
  ASSERT_TRUE(flyd_->Await("/boot/events", 1));
  flyd_->Stop();
  ASSERT_TRUE(runtime_->Exec(kMachine, kBoot, {.command = {"touch", "/tmp/go"}}).ok());
  ASSERT_TRUE(AwaitOutput("asking"));
  flyd_->Listen();
  ASSERT_TRUE(AwaitExit().has_value());
  EXPECT_EQ(Output(), "asking\nback");
}

TEST_F(GuestApiTest, AFlydThatStaysAwayIs503AfterTenSeconds) {
  ASSERT_TRUE(Start(BootAnswer(absl::StrCat("while [ ! -e /tmp/go ]; do sleep 0.02; done; ", kCurl, "-i http://localhost/v1/x"))));
  ASSERT_TRUE(flyd_->Await("/boot/events", 1));
  flyd_->Stop();
  ASSERT_TRUE(runtime_->Exec(kMachine, kBoot, {.command = {"touch", "/tmp/go"}}).ok());
  ASSERT_TRUE(AwaitExit().has_value());
  EXPECT_THAT(Output(), HasSubstr("503 Service Unavailable"));
  EXPECT_THAT(Output(), HasSubstr("Retry-After: 1"));
}

TEST_F(GuestApiTest, ManyConnectionsThatSayNothingDoNotStopTheMachine) {
  const flyd::BootExit exit = RunScript(
      "python3 -c \"\nimport socket\nheld=[]\nfor i in range(100):\n s=socket.socket(socket.AF_UNIX); s.connect('/.fly/api'); "
      "held.append(s)\nfor s in held: s.close()\n\"; " +
      std::string(kCurl) + "-o /dev/null -w '%{http_code}' http://localhost/v1/x");
  EXPECT_EQ(exit.exit_code, 0);
  EXPECT_EQ(Output(), "204");
}

class AwsTest : public MachineTest {
 protected:
  nlohmann::json AwsBoot(const std::string& script) const {
    nlohmann::json answer = BootAnswer(script);
    answer["run"]["env"] = {{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"}};
    return answer;
  }
};

TEST_F(AwsTest, TheTokenIsThereBeforeTheFirstInstruction) {
  handler_ = [](const SeenRequest& request) {
    return request.target == "/v1/tokens/oidc" ? FakeAnswer{200, Jwt(600) + "\n"} : FakeAnswer{204, ""};
  };
  Run(AwsBoot("cat $AWS_WEB_IDENTITY_TOKEN_FILE; echo '|'; stat -c '%a %u %n' /.fly/oidc_token; ls -A /.fly | sort; "
              "echo $AWS_ROLE_SESSION_NAME $AWS_ROLE_ARN"));
  EXPECT_EQ(Output(), absl::StrCat(Jwt(600), "|\n600 0 /.fly/oidc_token\napi\noidc_token\n",
                                   "web@148e21f0c12345 arn:aws:iam::1:role/r\n"));
  EXPECT_EQ(flyd_->Seen("/v1/tokens/oidc")[0].body, "{\"aud\":\"sts.amazonaws.com\"}");
}

TEST_F(AwsTest, TheUsersOwnSettingsWin) {
  nlohmann::json answer = AwsBoot("echo $AWS_ROLE_SESSION_NAME $AWS_WEB_IDENTITY_TOKEN_FILE; ls -A /.fly");
  answer["run"]["env"]["AWS_ROLE_SESSION_NAME"] = "mine";
  answer["run"]["env"]["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/secrets/token";
  Run(answer);
  EXPECT_EQ(Output(), "mine /secrets/token\napi\n");
  EXPECT_TRUE(flyd_->Seen("/v1/tokens/oidc").empty());
}

TEST_F(AwsTest, TheFileIsReplacedInTimeAndNeverPartly) {
  // Two seconds of life: the next token comes after 0.8 to 1 s.
  auto minted = std::make_shared<std::atomic<int>>(0);
  handler_ = [minted](const SeenRequest& request) {
    if (request.target != "/v1/tokens/oidc") return FakeAnswer{204, ""};
    return FakeAnswer{200, absl::StrCat(Jwt(2), std::string(1 + static_cast<size_t>(minted->fetch_add(1)) % 5, 'x'), "-")};
  };
  nlohmann::json answer = AwsBoot(
      "first=$(stat -c %i /.fly/oidc_token); while [ $(stat -c %i /.fly/oidc_token) = $first ]; do "
      "tail -c 1 /.fly/oidc_token | grep -q -e - || exit 1; done; echo replaced");
  EXPECT_EQ(Run(answer).exit_code, 0);
  EXPECT_EQ(Output(), "replaced\n");
}

TEST_F(AwsTest, ARefusalStartsTheMachineWithoutAToken) {
  handler_ = [](const SeenRequest& request) { return FakeAnswer{request.target == "/v1/tokens/oidc" ? 403 : 204, ""}; };
  EXPECT_EQ(Run(AwsBoot("test ! -e /.fly/oidc_token && echo started")).exit_code, 0);
  EXPECT_EQ(Output(), "started\n");
  ASSERT_EQ(flyd_->Seen("/boot/events").size(), 2u);
  EXPECT_EQ(nlohmann::json::parse(flyd_->Seen("/boot/events")[0].body)["type"], "identity_unavailable");
}

TEST_F(AwsTest, AMachineThatNeedsItsIdentityDoesNotStartWithout) {
  handler_ = [](const SeenRequest& request) { return FakeAnswer{request.target == "/v1/tokens/oidc" ? 403 : 204, ""}; };
  nlohmann::json answer = AwsBoot("echo started");
  answer["identity"]["required"] = true;
  const flyd::BootExit exit = Run(answer);
  EXPECT_EQ(exit.exit_code, 125);
  EXPECT_THAT(exit.error, HasSubstr("identity: oidc_token: answer 403"));
  EXPECT_EQ(Output(), "");
  EXPECT_EQ(nlohmann::json::parse(flyd_->Seen("/boot/events")[0].body)["type"], "identity_failed");
}

TEST_F(AwsTest, ASignerThatIsBackWithinTenSecondsIsWaitedFor) {
  auto asked = std::make_shared<std::atomic<int>>(0);
  handler_ = [asked](const SeenRequest& request) {
    if (request.target != "/v1/tokens/oidc") return FakeAnswer{204, ""};
    return asked->fetch_add(1) < 3 ? FakeAnswer{503, ""} : FakeAnswer{200, Jwt(600)};
  };
  Run(AwsBoot("cat /.fly/oidc_token"));
  EXPECT_EQ(Output(), Jwt(600));
}

}  // namespace
}  // namespace tests
