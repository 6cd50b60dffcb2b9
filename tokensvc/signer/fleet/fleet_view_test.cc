#include "tokensvc/signer/fleet/fleet_view.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/signerd/test_authority.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using tests::IsOk;
using tests::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class FleetViewTest : public testing::Test {
 protected:
  std::unique_ptr<FleetView> Open() {
    absl::StatusOr<std::unique_ptr<FleetView>> view = FleetView::Open(path_, authority_.key().spki_der());
    EXPECT_THAT(view, IsOk());
    return *std::move(view);
  }
  std::string HeadAt(absl::Time issued) const { return authority_.Head(issued, issued + absl::Hours(1)); }

  tests::ScratchFolder folder_;
  const std::string path_ = folder_.path() + "/fleet_log.db";
  tests::TestAuthority authority_{kNow};
};

TEST_F(FleetViewTest, WhatWasAppliedIsThereAfterARestart) {
  ASSERT_THAT(Open()->Apply(authority_.entries(), HeadAt(kNow)), IsOk());
  const auto snapshot = Open()->snapshot();
  EXPECT_EQ(snapshot->state.number(), authority_.entries().size());
  ASSERT_NE(snapshot->state.FindOrganization(11), nullptr);
  EXPECT_EQ(snapshot->head->issued, kNow);
}

TEST_F(FleetViewTest, AnOlderHeadDoesNotReplaceANewerOne) {
  const std::unique_ptr<FleetView> view = Open();
  ASSERT_THAT(view->Apply(authority_.entries(), HeadAt(kNow)), IsOk());
  EXPECT_THAT(view->Apply({}, HeadAt(kNow - absl::Minutes(5))), IsOk());
  EXPECT_EQ(view->snapshot()->head->issued, kNow);
  EXPECT_EQ(Open()->snapshot()->head->issued, kNow);
}

TEST_F(FleetViewTest, AHeadOverEntriesThatAreNotAppliedIsRefused) {
  const std::unique_ptr<FleetView> view = Open();
  EXPECT_THAT(view->Apply({authority_.entries()[0]}, HeadAt(kNow)), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(view->snapshot()->state.number(), 0u);  // all or nothing
}

TEST_F(FleetViewTest, NothingOfAnotherAuthorityIsApplied) {
  const tests::TestAuthority other(kNow);
  const std::unique_ptr<FleetView> view = Open();
  EXPECT_THAT(view->Apply(other.entries(), ""), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(view->Apply({}, other.Head(kNow, kNow + absl::Hours(1))), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_FALSE(view->snapshot()->head.has_value());
}

TEST_F(FleetViewTest, AFileUnderAnotherKeyDoesNotOpen) {
  ASSERT_THAT(Open()->Apply(authority_.entries(), ""), IsOk());
  EXPECT_THAT(FleetView::Open(path_, tests::Es256TestKey().spki_der()), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tokensvc
