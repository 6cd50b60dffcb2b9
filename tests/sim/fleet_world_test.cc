#include "tests/sim/fleet_world.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tests {
namespace {

class FleetWorldTest : public testing::TestWithParam<FleetWorldOptions> {};

TEST_P(FleetWorldTest, WhateverFailsMachinesAreWhatTheControlPlaneWants) {
  FleetWorld world(GetParam());
  world.Run();
  EXPECT_THAT(world.broken(), testing::IsEmpty()) << "seed " << GetParam().seed;
  EXPECT_GT(world.counts().at("boots"), GetParam().machines);
  for (const char* order : {"stop", "start", "restart", "suspend", "update", "move", "destroy"}) {
    EXPECT_GT(world.counts().at(std::string("order: ") + order), 0) << order;
  }
}

INSTANTIATE_TEST_SUITE_P(Fleets, FleetWorldTest,
                         testing::Values(FleetWorldOptions{.seed = 1, .workers = 50, .machines = 200, .steps = 5000},
                                         FleetWorldOptions{.seed = 2, .workers = 3, .machines = 30, .steps = 5000},
                                         FleetWorldOptions{.seed = 3, .workers = 1, .machines = 300, .steps = 5000}));

}  // namespace
}  // namespace tests
