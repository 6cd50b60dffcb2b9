// What the guest gate refuses: each with its status, nothing minted, and a row in the ledger.
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/guest/guest_fixture.h"
#include "tokensvc/rpc/error_details.h"

namespace tests {
namespace {

using testing::HasSubstr;

class GuestRefusalsTest : public GuestFixture {
 protected:
  void ExpectRefused(const GuestAnswer& answer, int status, const std::string& text) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(text));
    EXPECT_EQ(signer_.asked(), 0);
    EXPECT_EQ(NewestRow().outcome, storage::LedgerOutcome::kDenied);
    EXPECT_NE(NewestRow().reason, "");
  }
  std::string Auth(const std::string& machine) { return "Authorization: " + Macaroon(machine) + "\r\n"; }
};

TEST_F(GuestRefusalsTest, AGoodRequestIsAnsweredWithTheBareToken) {
  const GuestAnswer answer = Ask(R"({"aud":"sts.amazonaws.com"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "token-1");
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: text/plain"));
  EXPECT_EQ(signer_.last().audience, "sts.amazonaws.com");
  EXPECT_EQ(NewestRow().outcome, storage::LedgerOutcome::kAllowed);
  EXPECT_EQ(NewestRow().jti, "jti-1");
}

TEST_F(GuestRefusalsTest, AnotherMachinesMacaroonOnThisSocket) {
  ExpectRefused(Post(kOne, Auth(kTwo)), 401, "unauthorized");
}

TEST_F(GuestRefusalsTest, AnEarlierBootsMacaroon) {
  const std::string earlier = Auth(kOne);
  Boot(kOne);
  ExpectRefused(Post(kOne, earlier), 401, "unauthorized");
}

TEST_F(GuestRefusalsTest, NoMacaroon) { ExpectRefused(Post(kOne, ""), 401, "unauthorized"); }

TEST_F(GuestRefusalsTest, TwoMacaroonsInTwoHeaders) {
  ExpectRefused(Post(kOne, Auth(kOne) + Auth(kOne)), 401, "unauthorized");
}

TEST_F(GuestRefusalsTest, TwoMacaroonsInOneHeader) {
  const std::string token = Macaroon(kOne).substr(6);
  ExpectRefused(Post(kOne, absl::StrCat("Authorization: FlyV1 ", token, ",", token, "\r\n")), 401, "unauthorized");
}

TEST_F(GuestRefusalsTest, AMacaroonAlteredInAnySingleBit) {
  const std::string macaroon = Macaroon(kOne);
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(macaroon.substr(10), &bytes));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string altered = bytes;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    const GuestAnswer answer = Post(kOne, absl::StrCat("Authorization: FlyV1 fm2_", absl::Base64Escape(altered), "\r\n"));
    ASSERT_EQ(answer.status, 401) << "bit " << bit;
  }
  EXPECT_EQ(signer_.asked(), 0);
}

TEST_F(GuestRefusalsTest, AStoppedMachinesRequest) {
  boots_.registry.Fence(kOne);
  ExpectRefused(Post(kOne, Auth(kOne)), 401, "unauthorized");
}

TEST_F(GuestRefusalsTest, ASecondBootRequest) {
  EXPECT_EQ(Post(kOne, "", "", "/boot").status, 200);
  ExpectRefused(Post(kOne, "", "", "/boot"), 403, "answered already");
}

TEST_F(GuestRefusalsTest, AnotherMachinesNameInAHeader) {
  for (const char* header : {"Fly-Machine-Id", "fly-src", "X-Fly-App", "X-Machine-Id"}) {
    ExpectRefused(Post(kOne, absl::StrCat(Auth(kOne), header, ": ", kTwo, "\r\n")), 400, "not accepted here");
  }
}

TEST_F(GuestRefusalsTest, AnotherMachinesNameInAField) {
  ExpectRefused(Ask(absl::StrCat(R"({"machine_id":")", kTwo, R"("})")), 400, "unknown member");
}

TEST_F(GuestRefusalsTest, AnotherMachinesNameInAQuery) {
  ExpectRefused(Post(kOne, Auth(kOne), "", absl::StrCat("/v1/tokens/oidc?machine=", kTwo)), 400, "query: not accepted");
  ExpectRefused(Post(kOne, "", "", absl::StrCat("/boot?machine=", kTwo)), 400, "query: not accepted");
}

TEST_F(GuestRefusalsTest, WhatPid1RefusedStandsInTheLedgerToo) {
  const std::string event = R"({"type":"request_refused","detail":"HTTP 413: body: more than 4096 bytes"})";
  EXPECT_EQ(Post(kOne, Auth(kOne), event, "/boot/events").status, 204);
  EXPECT_EQ(NewestRow().outcome, storage::LedgerOutcome::kDenied);
  EXPECT_EQ(NewestRow().reason, "HTTP 413: body: more than 4096 bytes");
  EXPECT_NE(NewestRow().boot_id, "");
  EXPECT_TRUE(boots_.reports.empty());
}

TEST_F(GuestRefusalsTest, AFencedBootMayStillTellHowItEnded) {
  boots_.registry.Fence(kOne);
  EXPECT_EQ(Post(kOne, Auth(kOne), "{}").status, 401);
  EXPECT_EQ(Post(kOne, Auth(kOne), R"({"type":"exiting","exit_code":9})", "/boot/events").status, 204);
  EXPECT_THAT(boots_.reports, testing::ElementsAre("exiting:9:0:"));
  boots_.registry.Forget(kOne);
  EXPECT_EQ(Post(kOne, Auth(kOne), R"({"type":"exiting","exit_code":9})", "/boot/events").status, 401);
}

struct EndCase {
  const char* name;
  const char* body;
  int status;
};

class ReportedEndTest : public GuestRefusalsTest, public testing::WithParamInterface<EndCase> {};

TEST_P(ReportedEndTest, HasBounds) { EXPECT_EQ(Post(kOne, Auth(kOne), GetParam().body, "/boot/events").status, GetParam().status); }

INSTANTIATE_TEST_SUITE_P(Bounds, ReportedEndTest,
                         testing::Values(EndCase{"Most", R"({"type":"exiting","exit_code":255,"signal":64})", 204},
                                         EndCase{"CodeAbove", R"({"type":"exiting","exit_code":256})", 400},
                                         EndCase{"CodeBelow", R"({"type":"exiting","exit_code":-1})", 400},
                                         EndCase{"CodeOfAnotherKind", R"({"type":"exiting","exit_code":"7"})", 400},
                                         EndCase{"SignalAbove", R"({"type":"exiting","signal":65})", 400}),
                         [](const auto& info) { return info.param.name; });

TEST_F(GuestRefusalsTest, ALongReasonIsCutBetweenCharacters) {
  const std::string reason = std::string(255, 'a') + "\xC3\xA9";
  EXPECT_EQ(Post(kOne, Auth(kOne), absl::StrCat(R"({"type":"exiting","detail":")", reason, "\"}"), "/boot/events").status, 204);
  EXPECT_THAT(boots_.reports, testing::ElementsAre("exiting:0:0:" + std::string(255, 'a')));
}

TEST_F(GuestRefusalsTest, AFloodOfRefusalsIsWrittenDownAsOne) {
  for (int i = 0; i < 10'000; ++i) gate_->OnMalformed(kOne, 400, "first");
  EXPECT_EQ(NewestRow().reason, "HTTP 400: first");
  for (int i = 0; i < 10'000; ++i) gate_->OnMalformed(kOne, 400, "flood");
  EXPECT_THAT(NewestRow().reason, HasSubstr("refusals: too many"));
  EXPECT_EQ(ledger_.Newest("", 30'000)->size(), 10'001u);
  gate_->OnMalformed(kTwo, 400, "another machine's");
  EXPECT_EQ(NewestRow().reason, "HTTP 400: another machine's");
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 21; ++i) gate_->OnMalformed(kOne, 400, "later");
  EXPECT_EQ(ledger_.Newest("", 30'000)->size(), 10'022u);
}

TEST_F(GuestRefusalsTest, ARowIsShorterThanWhatItIsAbout) {
  Exchange(kOne, std::string(9000, 'M') + " /v1/tokens/oidc HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(NewestRow().reason.size(), 200u);
}

TEST_F(GuestRefusalsTest, ABodyOf4097Bytes) {
  ExpectRefused(Ask(std::string(4097, ' ')), 413, "body: more than 4096 bytes");
}

TEST_F(GuestRefusalsTest, ABodyOf4096BytesIsRead) {
  const std::string body = R"({"aud":"a"})";
  EXPECT_EQ(Ask(body + std::string(4096 - body.size(), ' ')).status, 200);
}

TEST_F(GuestRefusalsTest, HeadersOf16385Bytes) {
  const std::string start = "POST /v1/tokens/oidc HTTP/1.1\r\nX-Fill: ";
  const std::string end = "\r\n\r\n";
  const std::string fill(16385 - start.size() - end.size(), 'a');
  ExpectRefused(Exchange(kOne, start + fill + end), 431, "headers: more than 16384 bytes");
}

TEST_F(GuestRefusalsTest, ABodyThatIsNotJson) { ExpectRefused(Ask("aud=x"), 400, "body: not a JSON object"); }
TEST_F(GuestRefusalsTest, AnAudienceThatIsANumber) { ExpectRefused(Ask(R"({"aud":1})"), 400, "aud: number, want a string"); }
TEST_F(GuestRefusalsTest, AnAudienceThatIsAList) { ExpectRefused(Ask(R"({"aud":["a"]})"), 400, "aud: array, want a string"); }
TEST_F(GuestRefusalsTest, AnAudienceOf256Bytes) {
  ExpectRefused(Ask(absl::StrCat(R"({"aud":")", std::string(256, 'a'), R"("})")), 400, "aud: 256 bytes, want at most 255");
}

TEST_F(GuestRefusalsTest, AnUnlistedAudience) {
  signer_.RefuseWith(tokensvc::WithReason(absl::PermissionDeniedError("inside"), "AUDIENCE_NOT_ALLOWED"));
  const GuestAnswer answer = Ask(R"({"aud":"other"})");
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("aud: not allowed"));
  EXPECT_EQ(NewestRow().outcome, storage::LedgerOutcome::kDenied);
}

TEST_F(GuestRefusalsTest, AnUnlistedRole) {
  signer_.RefuseWith(tokensvc::WithReason(absl::PermissionDeniedError("inside"), "ROLE_NOT_ALLOWED"));
  const GuestAnswer answer = Ask(R"({"aws_role_arn":"arn:aws:iam::123456789012:role/r"})");
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("aws_role_arn: not allowed"));
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("inside")));
}

TEST_F(GuestRefusalsTest, ASignerThatIsAwayIsA503ThatSaysWhen) {
  signer_.RefuseWith(tokensvc::WithRetryDelay(absl::UnavailableError("gone"), absl::Seconds(3)));
  const GuestAnswer answer = Ask("");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 3"));
}

TEST_F(GuestRefusalsTest, ThirtyOneAtOnceIsOneTooMany) {
  for (int i = 0; i < 30; ++i) ASSERT_EQ(Ask("").status, 200) << i;
  const GuestAnswer answer = Ask("");
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1"));
  EXPECT_EQ(signer_.asked(), 30);
}

TEST_F(GuestRefusalsTest, OtherMethodsAndPathsAreNamed) {
  const std::string tail = " HTTP/1.1\r\nHost: x\r\n\r\n";
  ExpectRefused(Exchange(kOne, "GET /v1/tokens/oidc" + tail), 405, "method: GET, want POST");
  ExpectRefused(Exchange(kOne, "GET /etc/passwd" + tail), 404, "path");
  ExpectRefused(Exchange(kOne, "POST /v1/apps/web/machines/x" + tail), 405, "method: POST, want GET");
}

TEST_F(GuestRefusalsTest, RequestsThatAreNotHttpAreA400) {
  ExpectRefused(Exchange(kOne, "rubbish\r\n\r\n"), 400, "not HTTP/1.1");
  ExpectRefused(Exchange(kOne, "POST /boot HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400, "HTTP/1.1");
  ExpectRefused(Exchange(kOne, "POST /boot HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400, "HTTP/1.1");
}

TEST_F(GuestRefusalsTest, ATokenSignedWhileTheBootIsFencedIsNotWritten) {
  signer_.Hold();
  std::thread fence([this] {
    while (signer_.waiting() == 0) std::this_thread::yield();
    boots_.registry.Fence(kOne);
    signer_.Release();
  });
  const GuestAnswer answer = Ask("");
  fence.join();
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("token-1")));
  EXPECT_EQ(NewestRow().outcome, storage::LedgerOutcome::kDenied);
}

}  // namespace
}  // namespace tests
