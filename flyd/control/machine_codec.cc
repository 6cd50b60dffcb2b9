#include "flyd/control/machine_codec.h"

#include "absl/time/time.h"
#include "proto/machines/v1/machines.pb.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;

void ExitToProto(const storage::ExitReport& exit, pb::ExitReport& proto) {
  proto.set_exit_code(exit.exit_code);
  proto.set_signal(exit.signal);
  proto.set_oom_killed(exit.oom_killed);
  proto.set_requested_stop(exit.requested_stop);
  proto.set_exited_unix_ms(absl::ToUnixMillis(exit.exited_at));
  proto.set_error(exit.error);
}

void BootToProto(const storage::BootRecord& boot, pb::Boot& proto) {
  proto.set_boot_id(boot.boot_id);
  proto.set_version(boot.version.version);
  proto.set_image(boot.version.image);
  proto.set_image_digest(boot.version.image_digest);
  proto.set_started_unix_ms(absl::ToUnixMillis(boot.started_at));
  if (boot.runner.has_value()) {
    proto.set_runner_pid(boot.runner->pid);
    proto.set_init_pid(boot.runner->init_pid);
  }
  if (boot.exit.has_value()) ExitToProto(*boot.exit, *proto.mutable_exit());
}

}  // namespace

void ToProto(const storage::MachineRecord& record, const std::string& incarnation, pb::Machine& proto) {
  proto.set_id(record.id);
  proto.set_name(record.name);
  proto.set_state(static_cast<pb::MachineState>(record.state));
  proto.set_region(record.region);
  proto.set_worker(record.worker);
  proto.set_organization_id(record.organization_id);
  proto.set_organization_slug(record.organization_slug);
  proto.set_app_id(record.app_id);
  proto.set_app_name(record.app_name);
  proto.set_version(record.desired.version);
  proto.set_image(record.desired.image);
  proto.set_image_digest(record.desired.image_digest);
  proto.mutable_config()->ParseFromString(record.desired.config);
  proto.set_generation(record.generation);
  proto.set_revision(record.revision);
  proto.set_created_unix_ms(absl::ToUnixMillis(record.created_at));
  proto.set_updated_unix_ms(absl::ToUnixMillis(record.updated_at));
  if (record.boot.has_value()) BootToProto(*record.boot, *proto.mutable_boot());
  proto.set_store_incarnation(incarnation);
  proto.mutable_metadata()->insert(record.metadata.begin(), record.metadata.end());
  proto.set_metadata_revision(record.metadata_revision);
  proto.set_restarts(record.restarts);
  if (record.lease.has_value()) {
    ToProto(*record.lease, *proto.mutable_lease());
    proto.mutable_lease()->clear_nonce();
  }
  if (record.last_operation.has_value()) {
    proto.mutable_last_operation()->set_id(record.last_operation->id);
    proto.mutable_last_operation()->set_kind(record.last_operation->kind);
    proto.mutable_last_operation()->set_error(record.last_operation->error);
    proto.mutable_last_operation()->set_finished_unix_ms(absl::ToUnixMillis(record.last_operation->finished_at));
  }
}

void ToProto(const storage::Lease& lease, pb::Lease& proto) {
  proto.set_nonce(lease.nonce);
  proto.set_owner(lease.owner);
  proto.set_description(lease.description);
  proto.set_expires_unix_ms(absl::ToUnixMillis(lease.expires_at));
}

void ToProto(const std::string& machine_id, const storage::OperationRecord& operation, pb::Operation& proto) {
  proto.set_id(operation.id);
  proto.set_machine_id(machine_id);
  proto.set_kind(operation.kind);
  proto.set_step(operation.step);
  proto.set_source(operation.source);
  proto.set_attempts(operation.attempts);
  proto.set_created_unix_ms(absl::ToUnixMillis(operation.created_at));
  proto.set_step_unix_ms(absl::ToUnixMillis(operation.step_at));
  if (operation.deadline != absl::InfiniteFuture()) {
    proto.set_deadline_unix_ms(absl::ToUnixMillis(operation.deadline));
  }
  proto.set_error(operation.error);
}

void ToProto(const storage::EventRecord& event, pb::Event& proto) {
  proto.set_sequence(event.sequence);
  proto.set_type(event.type);
  proto.set_state(static_cast<pb::MachineState>(event.state));
  proto.set_source(event.source);
  proto.set_unix_ms(absl::ToUnixMillis(event.at));
  if (event.exit.has_value()) ExitToProto(*event.exit, *proto.mutable_exit());
  proto.set_detail(event.detail);
}

}  // namespace flyd
