// States × operations × crash points: random lives, each lived again once for every write of it, with the store lost just
// before and just after that write. Seeds are consecutive; a failure prints its own.
//   FLYD_MODEL_SEED, FLYD_MODEL_SCHEDULES: where to begin and how many to live, for longer runs.
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/model/life_world.h"

namespace tests {
namespace {

constexpr int kStepsOfALife = 40;

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int number = otherwise;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

// Each part lives every fourth seed, so that parts run side by side.
constexpr int kParts = 4;

class LifeModelTest : public testing::TestWithParam<int> {
 protected:
  // How many writes the life has; its schedule counts as one.
  int Live(uint32_t seed, LifeWorld::Cut cut) {
    LifeWorld world(placements_, seed, cut);
    const std::vector<std::string> broken = world.Live(kStepsOfALife);
    ++schedules_;
    if (!broken.empty()) {
      ADD_FAILURE() << "seed " << seed << ", store lost " << (cut.where == CuttingStore::Cut::kBefore ? "before" : "after")
                    << " write " << cut.write << ":\n  " << absl::StrJoin(broken, "\n  ") << "\n" << world.story();
    }
    for (const auto& [order, count] : world.orders_acknowledged()) orders_[order] += count;
    return world.writes();
  }

  const LifePlacements placements_{absl::FromUnixSeconds(1'800'000'000)};
  int schedules_ = 0;
  std::map<std::string, int> orders_;
};

TEST_P(LifeModelTest, NoOrderIsLostOrDoneTwiceWhateverWriteTheProcessDiesAt) {
  const int first = FromEnvironment("FLYD_MODEL_SEED", 1) + GetParam();
  const int wanted = FromEnvironment("FLYD_MODEL_SCHEDULES", 100'000) / kParts;
  int seed = first;
  for (; schedules_ < wanted && !HasFailure(); seed += kParts) {
    const int writes = Live(static_cast<uint32_t>(seed), {});
    for (int write = 1; write <= writes && !HasFailure(); ++write) {
      Live(static_cast<uint32_t>(seed), {write, CuttingStore::Cut::kBefore});
      Live(static_cast<uint32_t>(seed), {write, CuttingStore::Cut::kAfter});
    }
  }
  std::cout << schedules_ << " schedules, every " << kParts << "th seed of " << first << ".." << seed - kParts
            << "; acknowledged:";
  for (const auto& [order, count] : orders_) std::cout << " " << order << " " << count;
  std::cout << "\n";
  for (const char* order : {"create", "start", "stop", "restart", "suspend", "update", "destroy"}) {
    EXPECT_GT(orders_[order], 0) << order << ": never acknowledged, so it proves nothing";
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, LifeModelTest, testing::Range(0, kParts),
                         [](const auto& info) { return "Part" + std::to_string(info.param + 1); });

}  // namespace
}  // namespace tests
