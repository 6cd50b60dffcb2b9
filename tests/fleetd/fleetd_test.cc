// The real program: real TLS, a SoftHSM token, SQLite on disk.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tests/fleetd/fleetd_process.h"
#include "tests/rpc/test_fleet.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"
#include "tokensvc/fleetlog/fleet_state.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/rpc/error_details.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/tls_credentials.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tests {
namespace {

namespace pb = fly::fleet::v1;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tokensvc::Role;

constexpr char kDigest[] = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

std::string ReadWhole(const std::string& path) {
  std::ifstream stream(path);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

// A signer's end of the fleet log: verifies and applies, and acknowledges when told to.
class Follower {
 public:
  Follower(std::shared_ptr<grpc::Channel> channel, std::string spki, tokensvc::FleetState state = {})
      : spki_(std::move(spki)), state_(std::move(state)), stub_(pb::FleetLog::NewStub(channel)) {
    context_.set_deadline(absl::ToChronoTime(tokensvc::RealClock().Now() + absl::Seconds(60)));
    stream_ = stub_->Follow(&context_);
    Acknowledge();
  }
  ~Follower() {
    if (finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  void Acknowledge() {
    pb::FollowRequest request;
    request.set_applied_number(state_.number());
    request.set_applied_sha256(state_.sha256());
    stream_->Write(request);
  }

  // Reads, applying what comes, until entry `number` is applied.
  void ApplyTo(uint64_t number) {
    while (state_.number() < number) ASSERT_NO_FATAL_FAILURE(ReadOne());
  }

  // Reads until a head has come, acknowledging what comes before.
  tokensvc::FleetHead AwaitHead() {
    head_.reset();
    while (!head_.has_value() && !testing::Test::HasFatalFailure()) {
      ReadOne();
      Acknowledge();
    }
    return *head_;
  }

  grpc::Status Finish() {
    pb::FollowResponse response;
    while (stream_->Read(&response)) {
    }
    finished_ = true;
    return stream_->Finish();
  }

  const tokensvc::FleetState& state() const { return state_; }

 private:
  void ReadOne() {
    pb::FollowResponse response;
    ASSERT_TRUE(stream_->Read(&response));
    for (const std::string& bytes : response.entries()) {
      auto entry = tokensvc::VerifyFleetLogEntry(bytes, spki_);
      ASSERT_THAT(entry.status(), IsOk());
      ASSERT_THAT(state_.Apply(*entry), IsOk());
    }
    if (response.head().empty()) return;
    auto head = tokensvc::VerifyFleetHead(response.head(), spki_);
    ASSERT_THAT(head.status(), IsOk());
    head_ = head->head();
  }

  const std::string spki_;
  tokensvc::FleetState state_;
  std::optional<tokensvc::FleetHead> head_;
  std::unique_ptr<pb::FleetLog::Stub> stub_;
  bool finished_ = false;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<pb::FollowRequest, pb::FollowResponse>> stream_;
};

class FleetdTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fleetd_.Start()) << ReadWhole(fleetd_.log_file());
    std::string pem = ReadWhole(fleetd_.public_key_file());
    pem = absl::StrReplaceAll(pem, {{"-----BEGIN PUBLIC KEY-----", ""}, {"-----END PUBLIC KEY-----", ""}, {"\n", ""}});
    ASSERT_TRUE(absl::Base64Unescape(pem, &spki_));
  }

  std::shared_ptr<grpc::Channel> Connect(Role role, const std::string& name) {
    auto credentials =
        tokensvc::ChannelCredentials(fleet_.Leaf(role, name), fleet_.name(), Role::kFleet, tokensvc::RealClock());
    EXPECT_THAT(credentials.status(), IsOk());
    grpc::ChannelArguments arguments;
    tokensvc::ApplyChannelSettings(arguments);
    return grpc::CreateCustomChannel(fleetd_.address(), *credentials, arguments);
  }
  std::unique_ptr<pb::Fleet::Stub> ControlPlane() { return pb::Fleet::NewStub(Connect(Role::kControlPlane, "cp")); }

  // One call; its status with details.
  template <typename Stub, typename Method, typename Request, typename Response>
  static absl::Status Call(Stub& stub, Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(tokensvc::RealClock().Now() + absl::Seconds(45)));
    return tokensvc::FromGrpcStatus((stub.*method)(&context, request, &response));
  }

  void CreateAcmeWeb(pb::Fleet::Stub& stub) {
    pb::CreateOrganizationRequest organization;
    organization.set_slug("acme");
    pb::Organization created;
    ASSERT_THAT(Call(stub, &pb::Fleet::Stub::CreateOrganization, organization, created), IsOk());
    EXPECT_EQ(created.issuer(), "https://oidc.example/acme");
    EXPECT_EQ(created.algorithm(), pb::SIGNING_ALGORITHM_RS256);
    pb::CreateAppRequest app;
    app.set_organization_slug("acme");
    app.set_name("web");
    pb::App created_app;
    ASSERT_THAT(Call(stub, &pb::Fleet::Stub::CreateApp, app, created_app), IsOk());
  }

  static pb::PlaceMachineRequest PlaceRequest() {
    pb::PlaceMachineRequest place;
    place.set_organization_slug("acme");
    place.set_app_name("web");
    place.set_image("host");
    place.set_image_digest(kDigest);
    place.set_region("yyz");
    place.set_worker("w1");
    place.mutable_policy()->set_any_audience(true);
    return place;
  }

  TestFleet fleet_;
  FleetdProcess fleetd_{fleet_};
  std::string spki_;  // of the fleet key, as a signer would pin it
};

TEST_F(FleetdTest, PlacesMovesAndFencesOnceTheSignerHasAcknowledged) {
  auto stub = ControlPlane();
  ASSERT_NO_FATAL_FAILURE(CreateAcmeWeb(*stub));
  pb::PlaceMachineResponse placed;
  ASSERT_THAT(Call(*stub, &pb::Fleet::Stub::PlaceMachine, PlaceRequest(), placed), IsOk());
  auto decoded = tokensvc::DecodePlacement(placed.placement());
  ASSERT_THAT(decoded.status(), IsOk());
  ASSERT_THAT(tokensvc::VerifyPlacement(*decoded, placed.placement(), spki_).status(), IsOk());
  EXPECT_EQ(decoded->placement.worker, "w1");
  EXPECT_EQ(placed.generation(), 1u);

  Follower signer(Connect(Role::kSigner, "s1"), spki_);
  const tokensvc::FleetHead head = signer.AwaitHead();
  EXPECT_EQ(head.number, signer.state().number());
  EXPECT_EQ(head.expires - head.issued, absl::Minutes(60));
  EXPECT_EQ(signer.state().organizations().size(), 1u);
  EXPECT_EQ(signer.state().key_slots().size(), 2u);

  pb::MoveMachineRequest move;
  move.set_machine_id(placed.machine_id());
  move.set_target_worker("w2");
  move.set_expected_generation(1);
  pb::MoveMachineResponse moved;
  absl::Status status = absl::UnknownError("not called");
  std::thread mover([&] { status = Call(*stub, &pb::Fleet::Stub::MoveMachine, move, moved); });
  signer.ApplyTo(head.number + 1);
  signer.Acknowledge();
  mover.join();
  ASSERT_THAT(status, IsOk());
  EXPECT_THAT(moved.fenced_except(), IsEmpty());
  EXPECT_EQ(signer.state().MinimumGeneration(placed.machine_id()), 2u);
  ASSERT_EQ(moved.placements_size(), 1);
  auto target = tokensvc::DecodePlacement(moved.placements(0));
  ASSERT_THAT(target.status(), IsOk());
  EXPECT_EQ(target->placement.worker, "w2");
  EXPECT_EQ(target->placement.generation, 2u);
}

TEST_F(FleetdTest, KilledAndStartedAgainItLosesNothingThatItAnswered) {
  auto stub = ControlPlane();
  ASSERT_NO_FATAL_FAILURE(CreateAcmeWeb(*stub));
  pb::PlaceMachineResponse placed;
  ASSERT_THAT(Call(*stub, &pb::Fleet::Stub::PlaceMachine, PlaceRequest(), placed), IsOk());
  tokensvc::FleetState applied;
  {
    Follower signer(Connect(Role::kSigner, "s1"), spki_);
    signer.AwaitHead();
    applied = signer.state();
  }
  const std::string key = ReadWhole(fleetd_.public_key_file());
  EXPECT_EQ(fleetd_.Stop(SIGKILL), -SIGKILL);
  ASSERT_TRUE(fleetd_.Start()) << ReadWhole(fleetd_.log_file());
  EXPECT_EQ(ReadWhole(fleetd_.public_key_file()), key);

  stub = ControlPlane();
  pb::GetAppRequest get;
  get.set_organization_slug("acme");
  get.set_name("web");
  pb::App app;
  EXPECT_THAT(Call(*stub, &pb::Fleet::Stub::GetApp, get, app), IsOk());
  pb::RenewPlacementsRequest renew;
  renew.add_machine_ids(placed.machine_id());
  renew.add_machine_ids("00000000000000");
  pb::RenewPlacementsResponse renewed;
  ASSERT_THAT(Call(*stub, &pb::Fleet::Stub::RenewPlacements, renew, renewed), IsOk());
  EXPECT_EQ(renewed.results(0).placements_size(), 1) << renewed.results(0).error();
  EXPECT_THAT(renewed.results(1).error(), HasSubstr("00000000000000"));
  Follower signer(Connect(Role::kSigner, "s1"), spki_, applied);
  EXPECT_EQ(signer.AwaitHead().number, applied.number());
}

TEST_F(FleetdTest, AFollowerOfAnotherChainIsToldSo) {
  tokensvc::FleetState applied;
  {
    Follower signer(Connect(Role::kSigner, "s1"), spki_);
    signer.AwaitHead();
    applied = signer.state();
  }
  TestFleet other_fleet;
  FleetdProcess other(other_fleet);
  ASSERT_TRUE(other.Start());
  auto credentials = tokensvc::ChannelCredentials(other_fleet.Leaf(Role::kSigner, "s1"), other_fleet.name(),
                                                  Role::kFleet, tokensvc::RealClock());
  Follower signer(grpc::CreateChannel(other.address(), *credentials), spki_, applied);
  const grpc::Status status = signer.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("another chain"));
}

TEST_F(FleetdTest, AWorkerEnrolsUnderTheNameOfItsCertificateAlone) {
  pb::EnrolResponse first, again, other;
  auto w1 = pb::Enrolment::NewStub(Connect(Role::kWorker, "w1"));
  auto w2 = pb::Enrolment::NewStub(Connect(Role::kWorker, "w2"));
  ASSERT_THAT(Call(*w1, &pb::Enrolment::Stub::Enrol, pb::EnrolRequest(), first), IsOk());
  ASSERT_THAT(Call(*w1, &pb::Enrolment::Stub::Enrol, pb::EnrolRequest(), again), IsOk());
  ASSERT_THAT(Call(*w2, &pb::Enrolment::Stub::Enrol, pb::EnrolRequest(), other), IsOk());
  EXPECT_EQ(first.worker(), "w1");
  EXPECT_EQ(first.key_epoch(), 1u);
  EXPECT_EQ(first.macaroon_root_key().size(), 32u);
  EXPECT_EQ(first.macaroon_root_key(), again.macaroon_root_key());
  EXPECT_NE(first.macaroon_root_key(), other.macaroon_root_key());
  EXPECT_EQ(first.audience_base(), "https://fly.example");
  ASSERT_EQ(first.placement_keys_size(), 1);
  EXPECT_EQ(first.placement_keys(0).spki_der(), spki_);
  EXPECT_THAT(ReadWhole(fleetd_.log_file()), Not(HasSubstr(absl::BytesToHexString(first.macaroon_root_key()))));
  pb::EnrolRequest future;
  future.set_key_epoch(2);
  EXPECT_THAT(Call(*w1, &pb::Enrolment::Stub::Enrol, future, again),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("key_epoch: 2")));
}

TEST_F(FleetdTest, AWorkerRenewsThePlacementsOfItsOwnMachinesAlone) {
  auto stub = ControlPlane();
  ASSERT_NO_FATAL_FAILURE(CreateAcmeWeb(*stub));
  pb::PlaceMachineResponse placed;
  ASSERT_THAT(Call(*stub, &pb::Fleet::Stub::PlaceMachine, PlaceRequest(), placed), IsOk());
  pb::RenewPlacementsRequest renew;
  renew.add_machine_ids(placed.machine_id());
  renew.add_machine_ids("00000000000000");
  pb::RenewPlacementsResponse own, others;
  auto w1 = pb::Enrolment::NewStub(Connect(Role::kWorker, "w1"));
  ASSERT_THAT(Call(*w1, &pb::Enrolment::Stub::RenewOwnPlacements, renew, own), IsOk());
  ASSERT_EQ(own.results(0).placements_size(), 1) << own.results(0).error();
  const auto again = tokensvc::DecodePlacement(own.results(0).placements(0));
  ASSERT_THAT(again.status(), IsOk());
  const auto first = tokensvc::DecodePlacement(placed.placement());
  EXPECT_EQ(again->placement.identity.machine_version, first->placement.identity.machine_version);
  EXPECT_EQ(again->placement.worker, "w1");
  EXPECT_GE(again->placement.expires, first->placement.expires);
  auto w2 = pb::Enrolment::NewStub(Connect(Role::kWorker, "w2"));
  ASSERT_THAT(Call(*w2, &pb::Enrolment::Stub::RenewOwnPlacements, renew, others), IsOk());
  // What stands on another worker and what nobody knows are told alike.
  EXPECT_EQ(others.results(0).error(), "machine " + placed.machine_id() + ": not on worker w2");
  EXPECT_EQ(others.results(1).error(), "machine 00000000000000: not on worker w2");
}

TEST_F(FleetdTest, EachRoleReachesItsOwnServiceOnly) {
  pb::EnrolResponse enrolled;
  pb::Organization organization;
  pb::CreateOrganizationRequest create;
  create.set_slug("acme");
  for (const Role role : {Role::kWorker, Role::kSigner, Role::kIssuer, Role::kFleet}) {
    auto fleet = pb::Fleet::NewStub(Connect(role, "x"));
    EXPECT_THAT(Call(*fleet, &pb::Fleet::Stub::CreateOrganization, create, organization),
                StatusIs(absl::StatusCode::kPermissionDenied));
  }
  auto enrolment = pb::Enrolment::NewStub(Connect(Role::kControlPlane, "cp"));
  EXPECT_THAT(Call(*enrolment, &pb::Enrolment::Stub::Enrol, pb::EnrolRequest(), enrolled),
              StatusIs(absl::StatusCode::kPermissionDenied));
  Follower worker(Connect(Role::kWorker, "w1"), spki_);
  EXPECT_EQ(worker.Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(FleetdTest, ARefusalCarriesReasonDomainAndResourceAndStandsInTheLog) {
  auto stub = ControlPlane();
  ASSERT_NO_FATAL_FAILURE(CreateAcmeWeb(*stub));
  pb::CreateOrganizationRequest create;
  create.set_slug("acme");
  pb::Organization organization;
  const absl::Status status = Call(*stub, &pb::Fleet::Stub::CreateOrganization, create, organization);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("slug: acme, want")));
  EXPECT_EQ(tokensvc::ReasonOf(status), "SLUG_TAKEN");
  EXPECT_EQ(tokensvc::DomainOf(status), "fleet.flyd");
  EXPECT_THAT(ReadWhole(fleetd_.log_file()),
              HasSubstr("\"event\":\"fleet.refused\",\"method\":\"CreateOrganization\",\"subject\":\"acme\","
                        "\"peer\":\"spiffe://test.fleet/control-plane/cp\",\"code\":\"ALREADY_EXISTS\""));
}

TEST_F(FleetdTest, OrganizationsAreListedInPages) {
  auto stub = ControlPlane();
  for (const char* slug : {"bb", "aa", "cc"}) {
    pb::CreateOrganizationRequest create;
    create.set_slug(slug);
    create.set_algorithm(pb::SIGNING_ALGORITHM_ES256);
    pb::Organization organization;
    ASSERT_THAT(Call(*stub, &pb::Fleet::Stub::CreateOrganization, create, organization), IsOk());
  }
  pb::ListOrganizationsRequest list;
  list.set_page_size(2);
  pb::ListOrganizationsResponse first, second;
  ASSERT_THAT(Call(*stub, &pb::Fleet::Stub::ListOrganizations, list, first), IsOk());
  ASSERT_EQ(first.organizations_size(), 2);
  EXPECT_EQ(first.organizations(1).slug(), "bb");
  list.set_page_token(first.next_page_token());
  ASSERT_THAT(Call(*stub, &pb::Fleet::Stub::ListOrganizations, list, second), IsOk());
  ASSERT_EQ(second.organizations_size(), 1);
  EXPECT_EQ(second.organizations(0).slug(), "cc");
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(FleetdTest, TerminatedItEndsWithinSecondsAndCleanlyAlsoWithAFollower) {
  Follower signer(Connect(Role::kSigner, "s1"), spki_);
  signer.AwaitHead();
  const absl::Time begin = tokensvc::RealClock().Now();
  EXPECT_EQ(fleetd_.Stop(SIGTERM), 0);
  EXPECT_LT(tokensvc::RealClock().Now() - begin, absl::Seconds(15));
}

TEST_F(FleetdTest, ASecondProcessOnTheSameStateIsRefused) {
  std::string output;
  EXPECT_EQ(FleetdProcess::RunOnce("--config " + fleetd_.config_file(), output), 1);
  EXPECT_THAT(output, HasSubstr("fleetd: "));
}

TEST(FleetdConfigTest, ABadFileIsNamedWithLineFoundAndWanted) {
  const std::string path = testing::TempDir() + "/bad.txtpb";
  std::ofstream(path) << "fleet: \"test.fleet\"\nlisten: \"nowhere\"\n";
  std::string output;
  EXPECT_EQ(FleetdProcess::RunOnce("--check-config --config " + path, output), 1);
  EXPECT_THAT(output, HasSubstr("bad.txtpb:2: listen: \"nowhere\", want HOST:PORT"));
}

TEST(FleetdConfigTest, AGoodFileIsCheckedWithoutStarting) {
  TestFleet fleet;
  FleetdProcess fleetd(fleet);
  std::string output;
  EXPECT_EQ(FleetdProcess::RunOnce("--check-config --config " + fleetd.config_file(), output), 0) << output;
}

}  // namespace
}  // namespace tests
