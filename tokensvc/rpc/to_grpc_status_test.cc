#include "tokensvc/rpc/to_grpc_status.h"

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "proto/google/rpc/error_details.pb.h"
#include "tokensvc/rpc/error_details.h"

namespace tokensvc {
namespace {

constexpr char kDomain[] = "fleet.flyd";

google::rpc::Status Trailer(const grpc::Status& status) {
  google::rpc::Status proto;
  EXPECT_TRUE(proto.ParseFromString(status.error_details()));
  return proto;
}

TEST(ToGrpcStatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus(), kDomain).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(ToGrpcStatusTest, EveryCodeKeepsItsNumber) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "found, want");
    const grpc::Status wire = ToGrpcStatus(status, kDomain);
    EXPECT_EQ(static_cast<int>(wire.error_code()), code);
    EXPECT_EQ(Trailer(wire).code(), code);
    EXPECT_EQ(FromGrpcStatus(wire).code(), status.code());
  }
}

TEST(ToGrpcStatusTest, ARefusalWithoutReasonCarriesTheNameOfItsCode) {
  const grpc::Status wire = ToGrpcStatus(absl::NotFoundError("app: web, want one that exists"), kDomain);
  ASSERT_EQ(Trailer(wire).details_size(), 1);
  EXPECT_EQ(Trailer(wire).details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  const absl::Status back = FromGrpcStatus(wire);
  EXPECT_EQ(ReasonOf(back), "NOT_FOUND");
  EXPECT_EQ(DomainOf(back), kDomain);
  EXPECT_EQ(back.message(), "app: web, want one that exists");
}

TEST(ToGrpcStatusTest, EveryDetailComesBack) {
  absl::Status status = WithReason(absl::AbortedError("generation: 2, want 3"), "GENERATION_MISMATCH");
  status = WithRetryDelay(std::move(status), absl::Milliseconds(1500));
  status = WithViolation(std::move(status), "GENERATION", "machines/148e21ea7e46e8", "2, want 3");
  status = WithResource(std::move(status), "machine", "148e21ea7e46e8");
  const grpc::Status wire = ToGrpcStatus(status, kDomain);
  const absl::Status back = FromGrpcStatus(wire);
  EXPECT_EQ(ReasonOf(back), "GENERATION_MISMATCH");
  EXPECT_EQ(RetryDelayOf(back), absl::Milliseconds(1500));
  EXPECT_EQ(Trailer(wire).details_size(), 4);
}

TEST(ToGrpcStatusTest, UnauthenticatedTellsThePeerNothing) {
  const absl::Status status =
      WithResource(WithReason(absl::UnauthenticatedError("URI spiffe://other/x, want fleet"), "WRONG_FLEET"), "app", "a");
  const absl::Status back = FromGrpcStatus(ToGrpcStatus(status, kDomain));
  EXPECT_EQ(back.message(), "unauthenticated");
  EXPECT_EQ(ReasonOf(back), "UNAUTHENTICATED");
  EXPECT_FALSE(RetryDelayOf(back).has_value());
}

TEST(ToGrpcStatusTest, ATrailerThatIsNotOursIsDropped) {
  const absl::Status back = FromGrpcStatus(grpc::Status(grpc::StatusCode::ABORTED, "text", "\xff\xff not a message"));
  EXPECT_EQ(back, absl::AbortedError("text"));
}

}  // namespace
}  // namespace tokensvc
