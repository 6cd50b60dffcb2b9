// Eight processes read a token file in a tight loop while init replaces it. The schedule is a share of the token's life, so
// short tokens make the shipped logic run faster: 10 s are 1/60 of real time.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/identity/identity_fixture.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

constexpr int kReaders = 8;

// Prints: reads, tokens, partial, empty, expired, with a newline at the end.
constexpr char kReader[] = R"(python3 -c "
import base64, json, os, time
reads = tokens = partial = empty = expired = newline = 0
last, ends = None, 0
while reads % 64 or not os.path.exists('/tmp/stop'):
    before = time.time()
    with open('/.fly/oidc_token', 'rb') as file: text = file.read()
    reads += 1
    if text != last:
        tokens += 1
        last, ends = text, 0
        empty += not text
        newline += text.endswith(b'\n')
        try:
            head, payload, end = text.split(b'.')
            ends = json.loads(base64.urlsafe_b64decode(payload + b'=' * (-len(payload) % 4)))['exp']
            partial += not end.endswith(b'_end')
        except ValueError: partial += 1
    expired += before >= ends
print('reader', reads, tokens, partial, empty, expired, newline, flush=True)
" &
)";

int Setting(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

TEST_F(IdentityTest, EightReadersInATightLoopFindWholeTokensThatLive) {
  const int refreshes = Setting("TOKEN_REFRESHES", 20);
  const absl::Duration life = absl::Seconds(Setting("TOKEN_LIFE_SECONDS", 5));
  SetLifetime(life);
  std::string script;
  for (int i = 0; i < kReaders; ++i) script += kReader;
  ASSERT_TRUE(Start(Boot(script + "wait", {{"AWS_ROLE_ARN", "arn"}})));
  ASSERT_TRUE(flyd_->Await("/v1/tokens/oidc", static_cast<size_t>(refreshes + 1), life * (refreshes + 10)));
  ASSERT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"touch", "/tmp/stop"}}).status(), IsOk());
  ASSERT_TRUE(AwaitExit().has_value());

  std::vector<long long> sums(6);
  int readers = 0;
  for (const absl::string_view line : absl::StrSplit(Output(), '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    ASSERT_EQ(words.size(), 7u) << line;
    ++readers;
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += std::stoll(words[i + 1]);
  }
  std::printf("%d refreshes at 1/%.0f of real time, %d readers: %lld reads, %lld partial, %lld empty, %lld expired, "
              "%lld with a newline at the end\n",
              minted() - 1, 600 / absl::ToDoubleSeconds(life), readers, sums[0], sums[2], sums[3], sums[4], sums[5]);
  EXPECT_EQ(readers, kReaders);
  EXPECT_GE(sums[1], readers * refreshes / 2) << "the readers did not see the refreshes";
  EXPECT_EQ(sums[2] + sums[3] + sums[4] + sums[5], 0) << Output();
}

}  // namespace
}  // namespace tests
