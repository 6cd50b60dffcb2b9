#include "tokensvc/macaroon/boot/boot_token.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;
using testing::ElementsAre;
using testing::HasSubstr;
using tests::IsOk;
using tests::IsOkAndHolds;
using tests::StatusIs;

// The worked example of macaroon_format.md.
SecretBytes RootKey() {
  return SecretBytes(absl::HexStringToBytes("b6e64aac8fea4a000aa9d356cc2cf39faed108838f78e535180a048aeb45897a"));
}
BootTokenParams Params() {
  return {.kid = absl::HexStringToBytes("0100000002776f726b65722d37"),
          .rnd = absl::HexStringToBytes("101112131415161718191a1b1c1d1e1f"),
          .organization_id = 4242,
          .app_id = 77,
          .machine_id = "148e21ea7e46e8"};
}
constexpr char kText[] =
    "FlyV1 fm2_lJPEDQEAAAACd29ya2VyLTfEEBAREhMUFRYXGBkaGxwdHh/CtWh0dHBzOi8vYXBpLmZseS5pby92MZoAks0Qkh8DkYFNHweRga4xNDhl"
    "MjFlYTdlNDZlOB8OkYKobWV0YWRhdGEfpG9pZGMfD5GuMTQ4ZTIxZWE3ZTQ2ZTjEIGdYyUBOFJL6Uj9RZI/7gmQW6hWmZlO0jZe2f9PFqDvM";

TEST(BootTokenTest, IsTheWorkedExample) { EXPECT_THAT(MintBootToken(RootKey(), Params()), IsOkAndHolds(kText)); }

TEST(BootTokenTest, HasItsFiveCaveatsInOrder) {
  const absl::StatusOr<std::vector<std::string>> tokens = ParseTokens(*MintBootToken(RootKey(), Params()));
  ASSERT_THAT(tokens, IsOk());
  const absl::StatusOr<Macaroon> macaroon = Macaroon::Decode(tokens->front());
  ASSERT_THAT(macaroon, IsOk());
  EXPECT_THAT(macaroon->unverified_caveats(),
              ElementsAre(Caveat{Organization{4242, Action::kAll}}, Caveat{Apps{{{77, Action::kAll}}}},
                          Caveat{Machines{{{"148e21ea7e46e8", Action::kAll}}}},
                          Caveat{MachineFeatureSet{{{"metadata", Action::kAll}, {"oidc", Action::kAll}}}},
                          Caveat{FromMachineSource{"148e21ea7e46e8"}}));
  EXPECT_EQ(macaroon->unverified_location(), "https://api.fly.io/v1");
}

struct RefusalCase {
  const char* name;
  void (*spoil)(BootTokenParams&);
  const char* message;
};
class BootTokenRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(BootTokenRefusalTest, NamesTheField) {
  BootTokenParams params = Params();
  GetParam().spoil(params);
  EXPECT_THAT(MintBootToken(RootKey(), params),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BootTokenRefusalTest,
    testing::Values(RefusalCase{"NoKid", [](BootTokenParams& p) { p.kid = ""; }, "kid: empty"},
                    RefusalCase{"ShortRnd", [](BootTokenParams& p) { p.rnd.pop_back(); }, "rnd: 15 bytes, want 16"},
                    RefusalCase{"LongRnd", [](BootTokenParams& p) { p.rnd += 'x'; }, "rnd: 17 bytes, want 16"},
                    RefusalCase{"AnyOrganization", [](BootTokenParams& p) { p.organization_id = 0; }, "organization"},
                    RefusalCase{"AnyApp", [](BootTokenParams& p) { p.app_id = 0; }, "app: 0"},
                    RefusalCase{"AnyMachine", [](BootTokenParams& p) { p.machine_id = ""; }, "machine: empty"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tokensvc::macaroon
