#include "tokensvc/rpc/to_grpc_status.h"

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "proto/google/rpc/error_details.pb.h"
#include "tokensvc/rpc/error_details.h"

namespace tokensvc {
namespace {

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

google::rpc::Status ToProto(const absl::Status& status, absl::string_view domain) {
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(std::string(status.message()));
  google::rpc::ErrorInfo info;
  if (const absl::optional<absl::Cord> own = status.GetPayload(kErrorInfoUrl)) info.ParseFromString(std::string(*own));
  if (info.reason().empty()) info.set_reason(absl::StatusCodeToString(status.code()));
  if (info.domain().empty()) info.set_domain(std::string(domain));
  google::protobuf::Any* first = proto.add_details();
  first->set_type_url(kErrorInfoUrl);
  first->set_value(info.SerializeAsString());
  status.ForEachPayload([&proto](absl::string_view url, const absl::Cord& value) {
    if (url == kErrorInfoUrl) return;
    google::protobuf::Any* detail = proto.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(value));
  });
  return proto;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status, absl::string_view domain) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status proto = status.code() == absl::StatusCode::kUnauthenticated
                                        ? ToProto(absl::UnauthenticatedError("unauthenticated"), domain)
                                        : ToProto(status, domain);
  return grpc::Status(static_cast<grpc::StatusCode>(proto.code()), proto.message(), proto.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status proto;
  if (status.error_details().empty() || !proto.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& detail : proto.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

}  // namespace tokensvc
