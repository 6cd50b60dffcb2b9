// The real program signerd follows a real fleetd (in this process, with its key in memory), across kill -9.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "proto/signer/v1/signer.grpc.pb.h"
#include "tests/fakes/eventually.h"
#include "tests/fakes/memory_fleet_key.h"
#include "tests/rpc/test_fleet.h"
#include "tests/signerd/rooted_flyd.h"
#include "tests/signerd/signerd_process.h"
#include "tests/signerd/soft_token.h"
#include "tests/status_matchers.h"
#include "tokensvc/claims/identity_claims.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/fleet_server.h"
#include "tokensvc/fleet/fleetd_config.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/tls_credentials.h"
#include "tokensvc/signer/log/signature_log.h"
#include "tokensvc/unique_id_source.h"

namespace tests {
namespace {

namespace fleet_pb = fly::fleet::v1;
namespace pb = fly::signer::v1;
using testing::HasSubstr;
using tokensvc::Role;

class SignerdTest : public testing::Test {
 protected:
  void SetUp() override {
    const tokensvc::FleetdConfig config{.fleet = fleet_.name(),
                                        .listen = "127.0.0.1:0",
                                        .tls = fleet_.Leaf(Role::kFleet, "f1"),
                                        .state_dir = fleet_.dir() + "/fleetd",
                                        .pkcs11 = {},
                                        .key_label = "",
                                        .issuer_base = "https://oidc.example",
                                        .audience_base = "https://fly.example",
                                        .public_key_file = "",
                                        .ready_file = ""};
    auto fleetd =
        tokensvc::FleetServer::Start(config, fleet_key_, log_, tokensvc::RandomIds(), tokensvc::RealClock());
    ASSERT_THAT(fleetd, IsOk());
    fleetd_ = *std::move(fleetd);
    const std::string key_file = fleet_.dir() + "/fleet-key.pem";
    std::ofstream(key_file) << "-----BEGIN PUBLIC KEY-----\n"
                            << absl::Base64Escape(fleet_key_.spki_der()) << "\n-----END PUBLIC KEY-----\n";
    signerd_ = std::make_unique<SignerdProcess>(fleet_, fleetd_->address(), key_file);
    ASSERT_TRUE(signerd_->Start()) << signerd_->log();
  }

  std::shared_ptr<grpc::Channel> Channel(const std::string& address, Role own, const std::string& name, Role server) {
    auto credentials =
        tokensvc::ChannelCredentials(fleet_.Leaf(own, name), fleet_.name(), server, tokensvc::RealClock());
    EXPECT_THAT(credentials, IsOk());
    grpc::ChannelArguments arguments;
    tokensvc::ApplyChannelSettings(arguments);
    return grpc::CreateCustomChannel(address, *credentials, arguments);
  }

  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(absl::ToChronoTime(tokensvc::RealClock().Now() + absl::Seconds(30)));
    context->set_wait_for_ready(true);
    return context;
  }

  // What the health service (grpc.health.v1) says: 1 is SERVING, 2 NOT_SERVING. Read without its messages: field 1, a number.
  int Health() {
    grpc::GenericStub stub(Channel(signerd_->address(), Role::kWorker, "w1", Role::kSigner));
    grpc::ByteBuffer response;
    absl::Notification done;
    const std::unique_ptr<grpc::ClientContext> context = Context();
    const grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    stub.UnaryCall(context.get(), "/grpc.health.v1.Health/Check", {}, &request, &response, [&](grpc::Status status) {
      EXPECT_TRUE(status.ok()) << status.error_message();
      done.Notify();
    });
    done.WaitForNotification();
    grpc::Slice bytes;
    EXPECT_TRUE(response.DumpToSingleSlice(&bytes).ok());
    return bytes.size() == 2 && bytes.begin()[0] == 8 ? bytes.begin()[1] : 0;
  }

  // A machine of acme/web on worker w1: its signed placement.
  std::string Place(fleet_pb::SigningAlgorithm algorithm) {
    const auto stub = fleet_pb::Fleet::NewStub(Channel(fleetd_->address(), Role::kControlPlane, "cp", Role::kFleet));
    fleet_pb::CreateOrganizationRequest organization;
    organization.set_slug("acme");
    organization.set_algorithm(algorithm);
    fleet_pb::Organization made;
    EXPECT_TRUE(stub->CreateOrganization(Context().get(), organization, &made).ok());
    fleet_pb::CreateAppRequest app;
    app.set_organization_slug("acme");
    app.set_name("web");
    fleet_pb::App made_app;
    EXPECT_TRUE(stub->CreateApp(Context().get(), app, &made_app).ok());
    fleet_pb::PlaceMachineRequest place;
    place.set_organization_slug("acme");
    place.set_app_name("web");
    place.set_image("registry.example/web:7");
    place.set_image_digest("sha256:" + std::string(64, 'a'));
    place.set_region("yyz");
    place.set_worker("w1");
    fleet_pb::PlaceMachineResponse placed;
    const grpc::Status status = stub->PlaceMachine(Context().get(), place, &placed);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return placed.placement();
  }

  // Asks until signerd has caught up with fleetd, at most 30 s.
  pb::SignResult AskUntilSigned(const std::string& placement) {
    RootedFlyd flyd(fleet_, "w1", signerd_->address(), tokensvc::RealClock());
    const auto decoded = tokensvc::DecodePlacement(placement);
    EXPECT_THAT(decoded, IsOk());
    pb::SignBatch batch;
    batch.add_placements(placement);
    pb::SignRequest& request = *batch.add_requests();
    request.set_id(1);
    request.set_placement_sha256(tokensvc::PlacementSha256(placement));
    request.set_identity_claims_sha256(tokensvc::IdentityClaimsDigest(decoded->placement.identity));
    request.set_deadline_ms(5000);
    const absl::Duration deadline = tokensvc::RealClock().Monotonic() + absl::Seconds(30);
    pb::SignBatchResult result;
    while (tokensvc::RealClock().Monotonic() < deadline) {
      if (!flyd.Ask(batch, result)) break;
      if (result.results(0).has_token()) return result.results(0);
    }
    ADD_FAILURE() << result.ShortDebugString() << signerd_->log();
    return {};
  }

  pb::KeyBundle Bundle() {
    const auto stub = pb::Keys::NewStub(Channel(signerd_->address(), Role::kIssuer, "i1", Role::kSigner));
    const std::unique_ptr<grpc::ClientContext> context = Context();
    const auto stream = stub->WatchKeyBundle(context.get(), {});
    pb::SignedKeyBundle signed_bundle;
    pb::KeyBundle bundle;
    while (bundle.keys_size() < 2 && stream->Read(&signed_bundle)) bundle.ParseFromString(signed_bundle.payload());
    context->TryCancel();
    stream->Finish();
    return bundle;
  }

  TestFleet fleet_;
  MemoryFleetKey fleet_key_;
  tokensvc::JsonLog log_{tokensvc::RealClock(), -1};
  std::unique_ptr<tokensvc::FleetServer> fleetd_;
  std::unique_ptr<SignerdProcess> signerd_;
};

TEST_F(SignerdTest, ItSignsWhatFleetdPlacedAndPublishesTheKeys) {
  const std::string placement = Place(fleet_pb::SIGNING_ALGORITHM_RS256);
  EXPECT_EQ(AskUntilSigned(placement).token().token().substr(0, 3), "eyJ");
  const pb::KeyBundle bundle = Bundle();
  EXPECT_EQ(bundle.fleet(), fleet_.name());
  EXPECT_EQ(bundle.keys_size(), 2);
}

TEST_F(SignerdTest, KilledAndStartedAgainItHasTheSameKeysAndGoesOnWithItsLog) {
  const std::string placement = Place(fleet_pb::SIGNING_ALGORITHM_ES256);
  AskUntilSigned(placement);
  const pb::KeyBundle before = Bundle();
  EXPECT_EQ(signerd_->Stop(SIGKILL), -SIGKILL);
  ASSERT_TRUE(signerd_->Start()) << signerd_->log();
  AskUntilSigned(placement);
  const pb::KeyBundle after = Bundle();
  ASSERT_EQ(after.keys_size(), before.keys_size());
  for (int i = 0; i < after.keys_size(); ++i) EXPECT_EQ(after.keys(i).spki_der(), before.keys(i).spki_der());
  EXPECT_EQ(signerd_->Stop(SIGTERM), 0);
  const auto log = tokensvc::SignatureLog::Open(signerd_->signature_log_file());
  ASSERT_THAT(log, IsOk());
  const absl::StatusOr<uint64_t> rows = (*log)->Verify();
  ASSERT_THAT(rows, IsOk());
  EXPECT_GE(*rows, 2u);
}

TEST_F(SignerdTest, WithFleetdGoneItSignsOnUnderItsLease) {
  const std::string placement = Place(fleet_pb::SIGNING_ALGORITHM_RS256);
  AskUntilSigned(placement);
  fleetd_.reset();
  AskUntilSigned(placement);
  signerd_->Stop(SIGKILL);
  ASSERT_TRUE(signerd_->Start()) << signerd_->log();
  AskUntilSigned(placement);
}

TEST_F(SignerdTest, ItsLogHoldsNoToken) {
  const std::string token = AskUntilSigned(Place(fleet_pb::SIGNING_ALGORITHM_RS256)).token().token();
  signerd_->Stop(SIGTERM);
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(signerd_->log().find(token.substr(token.rfind('.') + 1)), std::string::npos);
}

TEST_F(SignerdTest, CheckConfigNamesTheLineThatIsWrong) {
  std::string output;
  EXPECT_EQ(SignerdProcess::RunOnce("--check-config --config " + signerd_->config_file(), output), 0) << output;
  std::ofstream(signerd_->config_file(), std::ios::app) << "no_such_field: 1\n";
  EXPECT_EQ(SignerdProcess::RunOnce("--check-config --config " + signerd_->config_file(), output), 1);
  EXPECT_THAT(output, HasSubstr("signerd.txtpb:"));
  EXPECT_THAT(output, HasSubstr("no_such_field"));
}

TEST_F(SignerdTest, ItServesOnceItHasALeaseAndNotBefore) {
  EXPECT_TRUE(Eventually([this] { return Health() == 1; })) << signerd_->log();
  signerd_->Stop(SIGTERM);
  fleetd_.reset();
  std::filesystem::remove_all(std::filesystem::path(signerd_->signature_log_file()).parent_path());  // its lease too
  ASSERT_TRUE(signerd_->Start()) << signerd_->log();
  EXPECT_EQ(Health(), 2);
}

}  // namespace
}  // namespace tests
