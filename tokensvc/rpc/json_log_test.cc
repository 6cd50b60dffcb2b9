#include "tokensvc/rpc/json_log.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/status_matchers.h"
#include "tokensvc/rpc/ready_file.h"

namespace tokensvc {
namespace {

const absl::Time kNow = absl::FromUnixMillis(1'700'000'000'042);

std::string Whole(const std::string& path) {
  std::ifstream stream(path);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

TEST(JsonLogTest, ADecisionIsOneLineInTheOrderGiven) {
  std::string path = testing::TempDir() + "/log.XXXXXX";
  const int fd = mkstemp(path.data());
  ASSERT_GE(fd, 0);
  tests::FakeClock clock(kNow);
  JsonLog log(clock, fd);
  log.Write("fence.appended", {{"machine", "148e21ea7e46e8"}, {"number", int64_t{7}}, {"durable", true}});
  log.Write("odd", {{"text", "a\nb\xff"}});
  close(fd);
  EXPECT_EQ(Whole(path),
            "{\"time\":\"2023-11-14T22:13:20.042Z\",\"event\":\"fence.appended\",\"machine\":\"148e21ea7e46e8\","
            "\"number\":7,\"durable\":true}\n"
            "{\"time\":\"2023-11-14T22:13:20.042Z\",\"event\":\"odd\",\"text\":\"a\\nb\xEF\xBF\xBD\"}\n");
}

TEST(ReadyFileTest, TheFileHoldsTheLineAndNothingElseIsLeftBeside) {
  const std::string path = testing::TempDir() + "/ready.json";
  ASSERT_THAT(AnnounceReady(path, {{"address", "127.0.0.1:4711"}}), tests::IsOk());
  EXPECT_EQ(Whole(path), "{\"event\":\"ready\",\"address\":\"127.0.0.1:4711\"}\n");
}

TEST(ReadyFileTest, AFolderThatDoesNotExistIsNamed) {
  EXPECT_THAT(AnnounceReady(testing::TempDir() + "/absent/ready.json", {}),
              tests::StatusIs(absl::StatusCode::kUnavailable, testing::HasSubstr("absent/ready.json")));
}

}  // namespace
}  // namespace tokensvc
