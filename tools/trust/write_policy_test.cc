#include "tools/trust/write_policy.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tools/trust/check_machines.h"
#include "tools/trust/parse_trust_policy.h"
#include "tools/trust/write_commands.h"

namespace tools {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kIssuer[] = "https://oidc.example.com/acme";
const std::vector<IssuerFacts> kIssuers = {{"acme", kIssuer}};

TrustRequest Request(const std::string& name) {
  return {.scope = ParseTrustScope("", name).value(), .issuer = kIssuer, .audience = "", .name = ""};
}

MachineFacts Machine(const std::string& app, const std::string& name, bool app_subject = false) {
  return {.organization = "acme", .issuer = kIssuer, .app = app, .machine = name, .app_subject = app_subject, .any_audience = true};
}

absl::StatusOr<nlohmann::ordered_json> Policy(const std::string& cloud, const TrustRequest& request) {
  if (cloud == "aws") return AwsPolicy(request);
  if (cloud == "gcp") return GcpProviderPolicy(request);
  if (cloud == "azure") return AzureCredentialPolicy(request);
  return VaultRolePolicy(request);
}

// What is printed admits exactly the scope that it is printed for, and its own audit has nothing to say.
struct Row {
  const char* cloud;
  const char* scope;
  bool m1;        // acme:web:m1
  bool m2;        // acme:web:m2
  bool web_app;   // acme:web
  bool api;       // acme:api:m1
};
class WrittenPolicyTest : public testing::TestWithParam<Row> {};

TEST_P(WrittenPolicyTest, AdmitsItsScopeAlone) {
  const auto written = Policy(GetParam().cloud, Request(GetParam().scope));
  ASSERT_THAT(written.status(), tests::IsOk());
  const auto policy = ParseTrustPolicy(written->dump(), kIssuer);
  ASSERT_THAT(policy.status(), tests::IsOk());
  const auto admitted = [&](const MachineFacts& m) { return CheckMachine(**policy, m).verdict.admitted == Truth::kTrue; };
  EXPECT_EQ(admitted(Machine("web", "m1")), GetParam().m1);
  EXPECT_EQ(admitted(Machine("web", "m2")), GetParam().m2);
  EXPECT_EQ(admitted(Machine("web", "m1", true)), GetParam().web_app);
  EXPECT_EQ(admitted(Machine("api", "m1")), GetParam().api);
  MachineFacts stranger = Machine("web", "m1");
  stranger.organization = "other";
  stranger.issuer = "https://oidc.example.com/other";
  EXPECT_FALSE(admitted(stranger));
  std::vector<std::string> messages;
  for (const Finding& finding : (*policy)->Audit(kIssuers)) messages.push_back(finding.message);
  EXPECT_THAT(messages, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Rows, WrittenPolicyTest,
    testing::Values(Row{"aws", "acme", true, true, true, true}, Row{"aws", "acme/web", true, true, false, false},
                    Row{"aws", "acme/web/m1", true, false, false, false}, Row{"azure", "acme/web", false, false, true, false},
                    Row{"azure", "acme/web/m1", true, false, false, false}, Row{"vault", "acme", true, true, true, true},
                    Row{"vault", "acme/web", true, true, false, false}, Row{"vault", "acme/web/m1", true, false, false, false},
                    Row{"gcp", "acme/web", true, true, false, false}, Row{"gcp", "acme/web/m1", true, false, false, false},
                    Row{"gcp", "acme", true, true, true, true}),
    [](const auto& info) {
      std::string name = absl::StrCat(info.param.cloud, "_", info.param.scope);
      for (char& c : name) c = c == '/' ? '_' : c;
      return name;
    });

TEST(AzurePolicyTest, AnOrganizationCannotBeSaid) {
  EXPECT_THAT(AzureCredentialPolicy(Request("acme")).status(),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Azure compares sub exactly")));
}

TEST(CommandsTest, ForAnAppOfAzureTheMachinesRunWithItsSubject) {
  EXPECT_THAT(*AzureCommands(Request("acme/web")), HasSubstr("-a acme/web --subject app"));
  EXPECT_FALSE(absl::StrContains(*AzureCommands(Request("acme/web/m1")), "--subject"));
}

TEST(CommandsTest, AQuoteOfTheUsersCannotLeaveItsQuotes) {
  TrustRequest request = Request("acme/web");
  request.audience = "it's";
  EXPECT_THAT(AwsCommands(request), HasSubstr("\"it'\\''s\""));
}

TEST(CommandsTest, EachHoldsItsPolicyWhole) {
  const TrustRequest request = Request("acme/web");
  EXPECT_THAT(AwsCommands(request), HasSubstr(AwsPolicy(request).dump(2)));
  EXPECT_THAT(*AzureCommands(request), HasSubstr(AzureCredentialPolicy(request)->dump(2)));
  EXPECT_THAT(VaultCommands(request), HasSubstr(VaultRolePolicy(request).dump(2)));
  EXPECT_THAT(GcpCommands(request), HasSubstr("--attribute-condition=\"assertion.sub.startsWith('acme:web:')\""));
}

TEST(GcpNamesTest, AreWithinGooglesBounds) {
  EXPECT_THAT(GcpProviderName(Request("a")), HasSubstr("/providers/fly-a"));
  EXPECT_THAT(GcpProviderName(Request("gcp-team")), HasSubstr("/providers/fly-gcp-team"));
  const std::string longest = GcpProviderName(Request("acme/" + std::string(25, 'w') + "-x-y"));
  EXPECT_EQ(longest.substr(longest.rfind('/') + 1), "acme-" + std::string(25, 'w') + "-x");
}

struct ScopeRow {
  const char* scope;
  const char* name;
  const char* described;  // or the error
};
class TrustScopeTest : public testing::TestWithParam<ScopeRow> {};

TEST_P(TrustScopeTest, Parses) {
  const auto scope = ParseTrustScope(GetParam().scope, GetParam().name);
  if (scope.ok()) {
    EXPECT_EQ(Describe(*scope), GetParam().described);
  } else {
    EXPECT_THAT(scope.status(), tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().described)));
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, TrustScopeTest,
                         testing::Values(ScopeRow{"", "acme", "every machine of acme"}, ScopeRow{"", "acme/web", "every machine of acme/web"},
                                         ScopeRow{"", "acme/web/m1", "the machine acme/web/m1"},
                                         ScopeRow{"org", "acme/web/m1", "every machine of acme"},
                                         ScopeRow{"app", "acme/web/m1", "every machine of acme/web"},
                                         ScopeRow{"app", "acme", "name: \"acme\", want ORGANIZATION/APP"},
                                         ScopeRow{"machine", "acme/web", "want ORGANIZATION/APP/MACHINE"},
                                         ScopeRow{"", "a/b/c/d", "want ORGANIZATION/APP/MACHINE"},
                                         ScopeRow{"team", "acme", "scope: team, want org, app or machine"},
                                         ScopeRow{"", "acme/", "name: \"acme/\": "}, ScopeRow{"", "Acme", "name: \"Acme\": "}));

}  // namespace
}  // namespace tools
