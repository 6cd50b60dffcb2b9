#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/identity/identity_fixture.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kDefault[] = "/computeMetadata/v1/instance/service-accounts/default";

class MetadataEndpointTest : public IdentityTest {
 protected:
  nlohmann::json With(const std::string& script) const {
    nlohmann::json answer = Boot(script, {});
    answer["identity"]["google_metadata"] = true;
    return answer;
  }
  // The status and the body of each request; the arguments are a shell's.
  std::string Curl(const std::vector<std::string>& arguments) {
    std::string script = absl::StrCat("D=", kDefault, "; H='Metadata-Flavor: Google'\n");
    for (const std::string& one : arguments) {
      absl::StrAppend(&script, "curl -s --max-time 20 -w ' %{http_code}\\n' ", one, "\n");
    }
    Run(With(script));
    return Output();
  }
};

TEST_F(MetadataEndpointTest, IsOffUnlessTheUserTurnsItOn) {
  Run(Boot("env", {}));
  EXPECT_THAT(Output(), Not(HasSubstr("GCE_METADATA")));
  EXPECT_THAT(Output(), Not(HasSubstr("FLY_METADATA")));
}

TEST_F(MetadataEndpointTest, AnswersEachRequestWithANewTokenOfItsAudience) {
  const std::string output = Curl({"-H \"$H\" http://$GCE_METADATA_HOST$D/identity?audience=https%3A%2F%2Fa.example",
                                   "-H \"$H\" -H \"Authorization: Bearer $FLY_METADATA_TOKEN\" "
                                   "\"http://$GCE_METADATA_IP$D/identity?audience=b&format=full\""});
  EXPECT_THAT(output, HasSubstr("_end 200\n"));
  EXPECT_THAT(Asked(), ElementsAre(nlohmann::json({{"aud", "https://a.example"}}), nlohmann::json({{"aud", "b"}})));
}

TEST_F(MetadataEndpointTest, TellsEveryReaderThatItIsGooglesKind) {
  Run(With("curl -s -i -H 'Metadata-Flavor: Google' http://$GCE_METADATA_IP"));
  EXPECT_THAT(Output(), HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_THAT(Output(), HasSubstr("Metadata-Flavor: Google"));
}

TEST_F(MetadataEndpointTest, RefusesWhoDoesNotKnowTheSecret) {
  const std::string output = Curl({"-H \"$H\" http://$GCE_METADATA_IP$D/identity?audience=a",
                                   "-H \"$H\" http://$GCE_METADATA_IP/0123456789abcdef0123456789abcdef$D/identity?audience=a",
                                   "-H \"$H\" -H 'Authorization: Bearer x' http://$GCE_METADATA_IP$D/identity?audience=a"});
  EXPECT_EQ(output.find(" 200"), output.npos) << output;
  EXPECT_THAT(output, HasSubstr("secret: absent or another"));
  EXPECT_TRUE(Asked().empty());
}

TEST_F(MetadataEndpointTest, RefusesWhatAFooledProxyOrABrowserSends) {
  const std::string output = Curl({"http://$GCE_METADATA_HOST$D/identity?audience=a",
                                   "-H \"$H\" -H 'X-Forwarded-For: 1.2.3.4' http://$GCE_METADATA_HOST$D/identity?audience=a",
                                   "-X POST -H \"$H\" http://$GCE_METADATA_HOST$D/identity?audience=a",
                                   "-H \"$H\" http://$GCE_METADATA_HOST$D/identity"});
  EXPECT_THAT(output, testing::ContainsRegex("403\n.*403\n.*405\n.*400\n"));
  EXPECT_TRUE(Asked().empty());
}

TEST_F(MetadataEndpointTest, PassesFlydsRefusalOn) {
  AnswerWith(403);
  EXPECT_EQ(Curl({"-H \"$H\" http://$GCE_METADATA_HOST$D/identity?audience=a"}), "{\"error\":\"test: refused\"} 403\n");
}

TEST_F(MetadataEndpointTest, WithholdsAnAnswerThatCarriesTheMacaroon) {
  handler_ = [](const SeenRequest& request) {
    if (request.target != "/v1/tokens/oidc") return FakeAnswer{204, ""};
    return FakeAnswer{200, request.headers.find("authorization")->second};
  };
  const std::string output = Curl({"-H \"$H\" http://$GCE_METADATA_HOST$D/identity?audience=a"});
  EXPECT_THAT(output, HasSubstr("answer: carried a credential"));
  EXPECT_THAT(output, Not(HasSubstr("fm2_")));
}

TEST_F(MetadataEndpointTest, ConnectionsThatSayNothingOnlyWait) {
  Run(With("python3 -c \"\n"
           "import os, socket\n"
           "host, port = os.environ['GCE_METADATA_IP'].split(':')\n"
           "held = [socket.create_connection((host, int(port))) for i in range(60)]\n"
           "for s in held[::2]: s.sendall(b'GET / HTTP/1.1\\r\\nX-Half: ')\n"
           "print('held', flush=True)\n"
           "import subprocess\n"
           "print(subprocess.run(['curl', '-s', '--max-time', '20', '-o', '/dev/null', '-w', '%{http_code}', '-H', "
           "'Metadata-Flavor: Google', 'http://' + os.environ['GCE_METADATA_IP']], stdout=subprocess.PIPE).stdout.decode())\n"
           "\""));
  EXPECT_EQ(Output(), "held\n200\n");
}

TEST_F(MetadataEndpointTest, AHeaderThatIsTooLongEndsItsConnectionAlone) {
  const std::string output = Curl({"-H \"X: $(head -c 9000 /dev/zero | tr '\\0' a)\" http://$GCE_METADATA_IP",
                                   "-o /dev/null -H \"$H\" http://$GCE_METADATA_IP"});
  EXPECT_EQ(output, " 000\n 200\n");
}

}  // namespace
}  // namespace tests
