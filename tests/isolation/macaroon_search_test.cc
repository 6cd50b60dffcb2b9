#include <stdlib.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "flyd/files/durable_file.h"
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

// A flyd that tells everything that it was told, in every way.
FakeAnswer Echo(const SeenRequest& request) {
  const auto header = request.headers.find("authorization");
  const std::string secret = header == request.headers.end() ? "" : header->second;
  if (absl::EndsWith(request.target, "/json")) return {200, nlohmann::json({{"said", {secret}}}).dump()};
  if (absl::EndsWith(request.target, "/percent")) {
    return {200, absl::StrReplaceAll(secret, {{"+", "%2B"}, {"/", "%2f"}, {"=", "%3D"}})};
  }
  if (absl::EndsWith(request.target, "/header")) return {200, "", {{"Authorization", secret}, {"Retry-After", secret}}};
  if (absl::EndsWith(request.target, "/status")) return {401, secret};
  if (absl::StartsWith(request.target, "/v1/")) return {200, absl::StrCat("before ", secret, " after")};
  return {204, ""};
}

class MacaroonSearchTest : public MachineTest {
 protected:
  MacaroonSearchTest() { handler_ = Echo; }

  // Runs the search inside as root; `before` is a shell command that precedes it.
  std::string Search(const std::string& before) {
    const char* chosen = getenv("SEARCH_SCRIPT");
    const std::string script = flyd::ReadWholeFile(chosen != nullptr ? chosen : "tests/isolation/search.py").value();
    nlohmann::json answer = BootAnswer("");
    answer["run"]["env"] = {{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"}};
    answer["run"]["command"] = {"/bin/sh", "-c", before + "\n/usr/bin/python3 -c \"$0\" \"$1\"", script, Reversed()};
    EXPECT_EQ(Run(answer).exit_code, 0) << Errors();
    return Output();
  }

  static std::string Reversed() {
    const std::string secret = kMacaroon;
    return std::string(secret.rbegin(), secret.rend());
  }
};

TEST_F(MacaroonSearchTest, RootInsideFindsItNowhere) {
  const std::string output = Search("sleep 1000 &");
  EXPECT_THAT(output, Not(HasSubstr("FOUND")));
  EXPECT_THAT(output, Not(HasSubstr("OPEN")));
  EXPECT_THAT(output, Not(HasSubstr("TRACED")));
  EXPECT_THAT(output, Not(HasSubstr("STOLEN")));
  EXPECT_THAT(output, Not(HasSubstr("READ memory")));
  EXPECT_THAT(output, Not(HasSubstr("ENTERED")));
  EXPECT_THAT(output, Not(HasSubstr("MOUNTED")));
  EXPECT_THAT(output, Not(HasSubstr("INHERITED")));
  EXPECT_THAT(output, HasSubstr("searched "));
  EXPECT_FALSE(flyd_->Seen("/v1/echo/body").empty()) << "the API was asked";
  EXPECT_EQ(flyd_->Seen("/boot").size(), 1u);
}

// Without this the test above would pass with a search that sees nothing.
TEST_F(MacaroonSearchTest, TheSearchFindsWhatIsPlanted) {
  const std::string output = Search(
      "secret=$(printf %s \"$1\" | rev); printf %s \"$secret\" > /tmp/planted; env P=\"$secret\" sleep 1000 & "
      "until tr '\\0' '\\n' < /proc/$!/environ | grep -q ^P=; do :; done");
  EXPECT_THAT(output, HasSubstr("FOUND /tmp/planted"));
  EXPECT_THAT(output, testing::ContainsRegex("FOUND /proc/[0-9]+/environ"));
  EXPECT_THAT(output, testing::ContainsRegex("FOUND /proc/[0-9]+/mem"));
}

TEST_F(MacaroonSearchTest, NoFileOfTheHostHoldsIt) {
  Search("true");
  int files = 0;
  for (const std::filesystem::directory_entry& entry : std::filesystem::recursive_directory_iterator(run_dir_)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_THAT(flyd::ReadWholeFile(entry.path().string()).value_or(""), Not(HasSubstr(std::string(kMacaroon).substr(40, 32))))
        << entry.path();
  }
  EXPECT_GE(files, 5);
}

}  // namespace
}  // namespace tests
