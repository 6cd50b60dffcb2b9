#include "tokensvc/rpc/error_details.h"

#include "absl/strings/cord.h"
#include "google/protobuf/message.h"
#include "proto/google/rpc/error_details.pb.h"

namespace tokensvc {
namespace {

std::string UrlOf(const google::protobuf::Message& detail) {
  return "type.googleapis.com/" + detail.GetDescriptor()->full_name();
}

// Whether `status` has the detail; `detail` holds it then.
bool Read(const absl::Status& status, google::protobuf::Message& detail) {
  const absl::optional<absl::Cord> payload = status.GetPayload(UrlOf(detail));
  return payload.has_value() && detail.ParseFromString(std::string(*payload));
}

absl::Status Write(absl::Status status, const google::protobuf::Message& detail) {
  status.SetPayload(UrlOf(detail), absl::Cord(detail.SerializeAsString()));
  return status;
}

}  // namespace

absl::Status WithReason(absl::Status status, absl::string_view reason) {
  google::rpc::ErrorInfo info;
  Read(status, info);
  info.set_reason(std::string(reason));
  return Write(std::move(status), info);
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo info;
  const int64_t seconds = absl::IDivDuration(delay, absl::Seconds(1), &delay);
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  return Write(std::move(status), info);
}

absl::Status WithViolation(absl::Status status, absl::string_view type, absl::string_view subject,
                           absl::string_view description) {
  google::rpc::PreconditionFailure failure;
  Read(status, failure);
  google::rpc::PreconditionFailure::Violation* violation = failure.add_violations();
  violation->set_type(std::string(type));
  violation->set_subject(std::string(subject));
  violation->set_description(std::string(description));
  return Write(std::move(status), failure);
}

absl::Status WithResource(absl::Status status, absl::string_view type, absl::string_view name) {
  google::rpc::ResourceInfo info;
  info.set_resource_type(std::string(type));
  info.set_resource_name(std::string(name));
  return Write(std::move(status), info);
}

std::string ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return Read(status, info) ? info.reason() : "";
}

std::string DomainOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return Read(status, info) ? info.domain() : "";
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  google::rpc::RetryInfo info;
  if (!Read(status, info)) return std::nullopt;
  return absl::Seconds(info.retry_delay().seconds()) + absl::Nanoseconds(info.retry_delay().nanos());
}

}  // namespace tokensvc
