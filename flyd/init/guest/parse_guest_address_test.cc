#include "flyd/init/guest/parse_guest_address.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using tests::StatusIs;

TEST(ParseGuestAddressTest, AFolderOrAPortOfTheHypervisor) {
  EXPECT_EQ(ParseGuestAddress("unix:/run/flyd-guest")->folder, "/run/flyd-guest");
  const auto port = ParseGuestAddress("vsock:2:4294967295");
  ASSERT_TRUE(port.ok());
  EXPECT_EQ(port->folder, "");
  EXPECT_EQ(port->cid, 2u);
  EXPECT_EQ(port->port, 4294967295u);
}

TEST(ParseGuestAddressTest, AnythingElseIsNamed) {
  for (const char* text : {"", "unix:", "unix:relative", "vsock:", "vsock:2", "vsock:2:", "vsock:2:0", "vsock:2:4294967296",
                           "vsock:-1:5", "vsock:2:5:6", "tcp:1.2.3.4:5", "/run/flyd-guest"}) {
    EXPECT_THAT(ParseGuestAddress(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                                  testing::HasSubstr(std::string("address: ") + text)));
  }
}

}  // namespace
}  // namespace flyd
