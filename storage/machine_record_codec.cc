#include "storage/machine_record_codec.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/storage/v1/records.pb.h"
#include "storage/utf8_text.h"

namespace storage {
namespace {

namespace pb = fly::storage::v1;

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat(what, ": stored bytes are damaged"));
}

MachineVersion FromProto(const pb::MachineVersion& proto) {
  return {proto.version(), proto.image(), proto.image_digest(), proto.placement_sha256(), proto.config()};
}

void ToProto(const MachineVersion& version, pb::MachineVersion& proto) {
  proto.set_version(version.version);
  proto.set_image(version.image);
  proto.set_image_digest(version.image_digest);
  proto.set_placement_sha256(version.placement_sha256);
  proto.set_config(version.config);
}

ExitReport FromProto(const pb::ExitReport& proto) {
  return {proto.exit_code(),      proto.signal(), proto.oom_killed(),
          proto.requested_stop(), absl::FromUnixNanos(proto.exited_at()), proto.error()};
}

void ToProto(const ExitReport& exit, pb::ExitReport& proto) {
  proto.set_exit_code(exit.exit_code);
  proto.set_signal(exit.signal);
  proto.set_oom_killed(exit.oom_killed);
  proto.set_requested_stop(exit.requested_stop);
  proto.set_exited_at(absl::ToUnixNanos(exit.exited_at));
  proto.set_error(Utf8Text(exit.error));
}

BootRecord FromProto(const pb::BootRecord& proto) {
  BootRecord boot{.boot_id = proto.boot_id(),
                  .version = FromProto(proto.version()),
                  .generation = proto.generation(),
                  .macaroon_kid = proto.macaroon_kid(),
                  .macaroon_rnd = proto.macaroon_rnd(),
                  .answered = proto.answered(),
                  .started_at = absl::FromUnixNanos(proto.started_at())};
  if (proto.has_runner()) {
    boot.runner = RunnerIdentity{proto.runner().pid(), proto.runner().start_ticks(), proto.runner().host_boot_id(),
                                 proto.runner().init_pid()};
  }
  if (proto.has_exit()) boot.exit = FromProto(proto.exit());
  return boot;
}

void ToProto(const BootRecord& boot, pb::BootRecord& proto) {
  proto.set_boot_id(boot.boot_id);
  ToProto(boot.version, *proto.mutable_version());
  proto.set_generation(boot.generation);
  proto.set_macaroon_kid(boot.macaroon_kid);
  proto.set_macaroon_rnd(boot.macaroon_rnd);
  proto.set_answered(boot.answered);
  proto.set_started_at(absl::ToUnixNanos(boot.started_at));
  if (boot.runner.has_value()) {
    pb::RunnerIdentity& runner = *proto.mutable_runner();
    runner.set_pid(boot.runner->pid);
    runner.set_start_ticks(boot.runner->start_ticks);
    runner.set_host_boot_id(boot.runner->host_boot_id);
    runner.set_init_pid(boot.runner->init_pid);
  }
  if (boot.exit.has_value()) ToProto(*boot.exit, *proto.mutable_exit());
}

// 0 stands for "never": protobuf has no infinite time.
int64_t ToNanos(absl::Time time) { return time == absl::InfiniteFuture() ? 0 : absl::ToUnixNanos(time); }
absl::Time FromNanos(int64_t nanos) { return nanos == 0 ? absl::InfiniteFuture() : absl::FromUnixNanos(nanos); }

void GuardsToProto(const MachineRecord& record, pb::MachineRecord& proto) {
  if (record.lease.has_value()) {
    pb::Lease& lease = *proto.mutable_lease();
    lease.set_nonce(record.lease->nonce);
    lease.set_owner(record.lease->owner);
    lease.set_description(record.lease->description);
    lease.set_expires_at(absl::ToUnixNanos(record.lease->expires_at));
  }
  if (record.last_operation.has_value()) {
    pb::FinishedOperation& last = *proto.mutable_last_operation();
    last.set_id(record.last_operation->id);
    last.set_kind(record.last_operation->kind);
    last.set_error(Utf8Text(record.last_operation->error));
    last.set_finished_at(absl::ToUnixNanos(record.last_operation->finished_at));
  }
}

void GuardsFromProto(const pb::MachineRecord& proto, MachineRecord& record) {
  if (proto.has_lease()) {
    record.lease = Lease{proto.lease().nonce(), proto.lease().owner(), proto.lease().description(),
                         absl::FromUnixNanos(proto.lease().expires_at())};
  }
  if (proto.has_last_operation()) {
    const pb::FinishedOperation& last = proto.last_operation();
    record.last_operation =
        FinishedOperation{last.id(), last.kind(), last.error(), absl::FromUnixNanos(last.finished_at())};
  }
}

bool IsState(uint32_t state) {
  return state >= static_cast<uint32_t>(MachineState::kCreated) && state <= static_cast<uint32_t>(MachineState::kMigrated);
}

template <typename Message>
bool Parse(absl::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::string EncodeMachine(const MachineRecord& record) {
  pb::MachineRecord proto;
  proto.set_id(record.id);
  proto.set_name(record.name);
  proto.set_organization_id(record.organization_id);
  proto.set_organization_slug(record.organization_slug);
  proto.set_app_id(record.app_id);
  proto.set_app_name(record.app_name);
  proto.set_region(record.region);
  proto.set_worker(record.worker);
  proto.set_generation(record.generation);
  proto.set_revision(record.revision);
  proto.set_event_sequence(record.event_sequence);
  proto.set_state(static_cast<uint32_t>(record.state));
  ToProto(record.desired, *proto.mutable_desired());
  if (record.boot.has_value()) ToProto(*record.boot, *proto.mutable_boot());
  proto.set_restarts(record.restarts);
  proto.mutable_metadata()->insert(record.metadata.begin(), record.metadata.end());
  proto.set_metadata_revision(record.metadata_revision);
  GuardsToProto(record, proto);
  proto.set_created_at(absl::ToUnixNanos(record.created_at));
  proto.set_updated_at(absl::ToUnixNanos(record.updated_at));
  return proto.SerializeAsString();
}

absl::StatusOr<MachineRecord> DecodeMachine(absl::string_view bytes) {
  pb::MachineRecord proto;
  if (!Parse(bytes, proto) || !IsState(proto.state())) return Damaged("machine");
  MachineRecord record{.id = proto.id(),
                       .name = proto.name(),
                       .organization_id = proto.organization_id(),
                       .organization_slug = proto.organization_slug(),
                       .app_id = proto.app_id(),
                       .app_name = proto.app_name(),
                       .region = proto.region(),
                       .worker = proto.worker(),
                       .generation = proto.generation(),
                       .revision = proto.revision(),
                       .event_sequence = proto.event_sequence(),
                       .state = static_cast<MachineState>(proto.state()),
                       .desired = FromProto(proto.desired()),
                       .restarts = proto.restarts(),
                       .metadata = {proto.metadata().begin(), proto.metadata().end()},
                       .metadata_revision = proto.metadata_revision(),
                       .created_at = absl::FromUnixNanos(proto.created_at()),
                       .updated_at = absl::FromUnixNanos(proto.updated_at())};
  if (proto.has_boot()) record.boot = FromProto(proto.boot());
  GuardsFromProto(proto, record);
  return record;
}

std::string EncodeEvent(const EventRecord& event) {
  pb::EventRecord proto;
  proto.set_sequence(event.sequence);
  proto.set_type(event.type);
  proto.set_state(static_cast<uint32_t>(event.state));
  proto.set_source(event.source);
  proto.set_at(absl::ToUnixNanos(event.at));
  if (event.exit.has_value()) ToProto(*event.exit, *proto.mutable_exit());
  proto.set_detail(Utf8Text(event.detail));
  return proto.SerializeAsString();
}

absl::StatusOr<EventRecord> DecodeEvent(absl::string_view bytes) {
  pb::EventRecord proto;
  if (!Parse(bytes, proto) || !IsState(proto.state())) return Damaged("event");
  EventRecord event{.sequence = proto.sequence(),
                    .type = proto.type(),
                    .state = static_cast<MachineState>(proto.state()),
                    .source = proto.source(),
                    .at = absl::FromUnixNanos(proto.at()),
                    .detail = proto.detail()};
  if (proto.has_exit()) event.exit = FromProto(proto.exit());
  return event;
}

std::string EncodeOperation(const OperationRecord& operation) {
  pb::OperationRecord proto;
  proto.set_id(operation.id);
  proto.set_kind(operation.kind);
  proto.set_step(operation.step);
  proto.set_source(operation.source);
  proto.set_attempts(operation.attempts);
  proto.set_created_at(absl::ToUnixNanos(operation.created_at));
  proto.set_step_at(absl::ToUnixNanos(operation.step_at));
  proto.set_deadline(ToNanos(operation.deadline));
  proto.set_signal(operation.signal);
  proto.set_timeout_nanos(absl::ToInt64Nanoseconds(operation.timeout));
  proto.set_error(Utf8Text(operation.error));
  return proto.SerializeAsString();
}

absl::StatusOr<OperationRecord> DecodeOperation(absl::string_view bytes) {
  pb::OperationRecord proto;
  if (!Parse(bytes, proto)) return Damaged("operation");
  return OperationRecord{.id = proto.id(),
                         .kind = proto.kind(),
                         .step = proto.step(),
                         .source = proto.source(),
                         .attempts = proto.attempts(),
                         .created_at = absl::FromUnixNanos(proto.created_at()),
                         .step_at = absl::FromUnixNanos(proto.step_at()),
                         .deadline = FromNanos(proto.deadline()),
                         .signal = proto.signal(),
                         .timeout = absl::Nanoseconds(proto.timeout_nanos()),
                         .error = proto.error()};
}

std::string EncodeFeedReference(const FeedReference& reference) {
  pb::FeedReference proto;
  proto.set_machine_id(reference.machine_id);
  proto.set_event_sequence(reference.event_sequence);
  return proto.SerializeAsString();
}

absl::StatusOr<FeedReference> DecodeFeedReference(absl::string_view bytes) {
  pb::FeedReference proto;
  if (!Parse(bytes, proto)) return Damaged("feed");
  return FeedReference{proto.machine_id(), proto.event_sequence()};
}

std::string EncodeHost(const HostRecord& host) {
  pb::HostRecord proto;
  proto.set_cordoned(host.cordoned);
  proto.set_reason(host.reason);
  proto.set_changed_at(absl::ToUnixNanos(host.changed_at));
  return proto.SerializeAsString();
}

absl::StatusOr<HostRecord> DecodeHost(absl::string_view bytes) {
  pb::HostRecord proto;
  if (!Parse(bytes, proto)) return Damaged("host");
  return HostRecord{proto.cordoned(), proto.reason(), absl::FromUnixNanos(proto.changed_at())};
}

std::string EncodeAnswer(const RequestAnswer& answer) {
  pb::RequestAnswer proto;
  proto.set_request_sha256(answer.request_sha256);
  proto.set_answer(answer.answer);
  proto.set_expires_at(absl::ToUnixNanos(answer.expires_at));
  return proto.SerializeAsString();
}

absl::StatusOr<RequestAnswer> DecodeAnswer(absl::string_view bytes) {
  pb::RequestAnswer proto;
  if (!Parse(bytes, proto)) return Damaged("request answer");
  return RequestAnswer{proto.request_sha256(), proto.answer(), absl::FromUnixNanos(proto.expires_at())};
}

}  // namespace storage
