// Real TLS between a server and clients of one process: who gets in, who does not, and what they are told.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/rpc/test_fleet.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace {

namespace v1 = fly::fleet::v1;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::TestFleet;
using tokensvc::Role;

// Answers with the worker that its certificate names.
class WhoAmI final : public v1::Enrolment::Service {
  grpc::Status Enrol(grpc::ServerContext* context, const v1::EnrolRequest*, v1::EnrolResponse* response) override {
    auto peer = tokensvc::IdentifyPeer(*context, "test.fleet", tokensvc::RealClock().Now());
    if (!peer.ok()) return grpc::Status(grpc::StatusCode::INTERNAL, "the gate let it pass");
    response->set_worker(peer->name);
    return grpc::Status::OK;
  }
};

class MutualTlsTest : public testing::Test {
 protected:
  void SetUp() override { Serve(fleet_.Leaf(Role::kFleet, "f1"), clock_); }

  void Serve(const tokensvc::TlsFiles& files, const tokensvc::Clock& clock) {
    grpc::ServerBuilder builder;
    auto credentials = tokensvc::ServerCredentials(files, fleet_.name(), clock);
    ASSERT_THAT(credentials.status(), tests::IsOk());
    tokensvc::ApplyServerSettings(builder);
    builder.AddListeningPort("127.0.0.1:0", *credentials, &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  std::unique_ptr<v1::Enrolment::Stub> Connect(std::shared_ptr<grpc::ChannelCredentials> credentials) {
    grpc::ChannelArguments arguments;
    tokensvc::ApplyChannelSettings(arguments);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return v1::Enrolment::NewStub(
        grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port_), credentials, arguments));
  }

  grpc::Status Call(v1::Enrolment::Stub& stub) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(tokensvc::RealClock().Now() + absl::Seconds(10)));
    return stub.Enrol(&context, {}, &response_);
  }

  // One call with a client's files to a server expected to have `server_role`.
  grpc::Status CallWith(const tokensvc::TlsFiles& files, Role server_role = Role::kFleet) {
    auto credentials = tokensvc::ChannelCredentials(files, fleet_.name(), server_role, clock_);
    if (!credentials.ok()) return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, credentials.status().ToString());
    return Call(*Connect(*credentials));
  }

  tools::LeafSpec Spec(std::vector<std::string> uris) const {
    return {.uris = std::move(uris), .not_before = now_ - absl::Hours(2), .not_after = now_ + absl::Hours(1)};
  }

  const tokensvc::Clock& clock_ = tokensvc::RealClock();
  const absl::Time now_ = clock_.Now();
  TestFleet fleet_;
  WhoAmI service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  v1::EnrolResponse response_;
};

TEST_F(MutualTlsTest, AWorkerIsKnownByItsCertificate) {
  const grpc::Status status = CallWith(fleet_.Leaf(Role::kWorker, "w-1"));
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response_.worker(), "w-1");
}

TEST_F(MutualTlsTest, AnotherRoleIsDeniedAndToldWhichIsWanted) {
  const grpc::Status status = CallWith(fleet_.Leaf(Role::kSigner, "s-1"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(status.error_message(), "/fly.fleet.v1.Enrolment/Enrol: role signer, want worker");
}

TEST_F(MutualTlsTest, NamesOtherThanExactlyOneOfThisFleetAreUnauthenticatedWithoutDetail) {
  const std::string good = tokensvc::SpiffeUri("test.fleet", Role::kWorker, "w-1");
  const std::vector<std::vector<std::string>> refused = {
      {good, good},
      {good, "spiffe://test.fleet/control-plane/c"},
      {"spiffe://other.fleet/worker/w-1"},
      {"spiffe://test.fleet.evil/worker/w-1"},
      {"spiffe://test.fleet/worker"},
      {"spiffe://test.fleet/worker/w-1/x"},
      {"spiffe://test.fleet/worker/"},
      {"spiffe://test.fleet/worker/W"},
      {"spiffe://test.fleet/king/w-1"},
      {"https://test.fleet/worker/w-1"},
  };
  for (const std::vector<std::string>& uris : refused) {
    const grpc::Status status = CallWith(fleet_.Odd("odd", Spec(uris)));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << uris.back();
    EXPECT_EQ(status.error_message(), "unauthenticated") << uris.back();
  }
}

TEST_F(MutualTlsTest, ACertificateWithoutUriIsUnauthenticated) {
  tools::LeafSpec spec = Spec({});
  spec.localhost = true;
  EXPECT_EQ(CallWith(fleet_.Odd("none", spec)).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(MutualTlsTest, AClientOfAnotherRootGetsNoConnection) {
  const TestFleet other("test.fleet");
  tokensvc::TlsFiles files = other.Leaf(Role::kWorker, "w-1");
  files.ca_file = fleet_.Leaf(Role::kWorker, "w-2").ca_file;  // it trusts the server, which does not trust it
  EXPECT_EQ(CallWith(files).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(MutualTlsTest, AServerOfAnotherRootGetsNoCall) {
  const TestFleet other("test.fleet");
  EXPECT_EQ(CallWith(other.Leaf(Role::kWorker, "w-1")).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(MutualTlsTest, AServerOfAnotherRoleGetsNoCall) {
  EXPECT_EQ(CallWith(fleet_.Leaf(Role::kWorker, "w-1"), Role::kSigner).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(MutualTlsTest, AClientWithoutCertificateGetsNoConnection) {
  grpc::SslCredentialsOptions options;
  auto stub = Connect(grpc::SslCredentials(options));
  EXPECT_EQ(Call(*stub).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(MutualTlsTest, AnExpiredCertificateGetsNoConnection) {
  tools::LeafSpec spec = Spec({tokensvc::SpiffeUri("test.fleet", Role::kWorker, "w-1")});
  spec.not_after = now_ - absl::Seconds(1);
  EXPECT_EQ(CallWith(fleet_.Odd("expired", spec)).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(MutualTlsTest, ACertificateThatExpiresOnALivingConnectionIsRefusedFromThen) {
  tests::FakeClock clock(now_);
  server_->Shutdown();
  Serve(fleet_.Leaf(Role::kFleet, "f1"), clock);
  auto credentials =
      tokensvc::ChannelCredentials(fleet_.Leaf(Role::kWorker, "w-1"), fleet_.name(), Role::kFleet, clock_);
  ASSERT_THAT(credentials.status(), tests::IsOk());
  auto stub = Connect(*credentials);
  EXPECT_TRUE(Call(*stub).ok());
  clock.StepWall(now_ + absl::Hours(25));
  EXPECT_EQ(Call(*stub).error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(MutualTlsTest, RenewedFilesArePickedUpWithoutARestart) {
  const tokensvc::TlsFiles files = fleet_.Leaf(Role::kWorker, "w-1");
  auto credentials = tokensvc::ChannelCredentials(files, fleet_.name(), Role::kFleet, clock_);
  ASSERT_THAT(credentials.status(), tests::IsOk());
  EXPECT_TRUE(Call(*Connect(*credentials)).ok());
  const tokensvc::TlsFiles renewed = fleet_.Odd("worker-w-1", Spec({"spiffe://test.fleet/worker/renamed"}));
  EXPECT_EQ(renewed.certificate_file, files.certificate_file);
  const absl::Time deadline = clock_.Now() + absl::Seconds(20);
  while (response_.worker() != "renamed" && clock_.Now() < deadline) Call(*Connect(*credentials));
  EXPECT_EQ(response_.worker(), "renamed");
}

TEST_F(MutualTlsTest, FilesThatCannotServeAreNamed) {
  tokensvc::TlsFiles files = fleet_.Leaf(Role::kWorker, "w-1");
  files.private_key_file = fleet_.Leaf(Role::kWorker, "w-2").private_key_file;
  EXPECT_THAT(tokensvc::CheckTlsFiles(files),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("worker-w-2/key.pem")));
  files.ca_file = "/nonexistent/ca.pem";
  EXPECT_THAT(tokensvc::ChannelCredentials(files, "test.fleet", Role::kFleet, clock_).status(),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/nonexistent/ca.pem")));
}

// The output of openssl's client with one version of TLS.
std::string OpensslClient(const tokensvc::TlsFiles& files, int port, absl::string_view version) {
  const std::string command =
      absl::StrCat("openssl s_client -connect 127.0.0.1:", port, " -", version, " -cert ", files.certificate_file,
                   " -key ", files.private_key_file, " -CAfile ", files.ca_file, " -alpn h2 </dev/null 2>&1");
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  char chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof(chunk), pipe)) > 0;) output.append(chunk, n);
  pclose(pipe);
  return output;
}

TEST_F(MutualTlsTest, OnlyTls13IsSpoken) {
  const tokensvc::TlsFiles files = fleet_.Leaf(Role::kWorker, "w-1");
  EXPECT_THAT(OpensslClient(files, port_, "tls1_3"), HasSubstr("New, TLSv1.3"));
  const std::string old = OpensslClient(files, port_, "tls1_2");
  EXPECT_THAT(old, HasSubstr("no peer certificate available"));
  EXPECT_THAT(old, testing::Not(HasSubstr("New, TLSv1.2")));
}

}  // namespace
