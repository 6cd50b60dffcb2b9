#include "flyd/supervisor/boots.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "flyd/supervisor/machine_state.h"
#include "tokensvc/macaroon/boot/boot_token.h"
#include "tokensvc/macaroon/boot/worker_root_key.h"
#include "tokensvc/placement/placement.h"

namespace flyd {

using storage::MachineRecord;
using storage::MachineState;

absl::Status Boots::Begin(MachineRecord& record) {
  absl::StatusOr<std::string> kid =
      tokensvc::macaroon::EncodeWorkerKid({.worker = identity_.worker, .key_epoch = identity_.key_epoch});
  if (!kid.ok()) return kid.status();
  record.boot = storage::BootRecord{.boot_id = tokensvc::NewHexId(ids_),
                                    .version = record.desired,
                                    .generation = record.generation,
                                    .macaroon_kid = *std::move(kid),
                                    .macaroon_rnd = ids_.NewBytes(),
                                    .started_at = table_.clock().Now()};
  return absl::OkStatus();
}

absl::Status Boots::Publish(const MachineRecord& record, bool booting) {
  const storage::BootRecord& boot = *record.boot;
  absl::StatusOr<std::string> placement = table_.store().GetPlacement(boot.version.placement_sha256);
  if (!placement.ok()) return placement.status();
  const absl::StatusOr<tokensvc::UnverifiedPlacement> decoded = tokensvc::DecodePlacement(*placement);
  if (!decoded.ok()) return decoded.status();
  registry_.Publish({.machine_id = record.id,
                     .machine_name = record.name,
                     .organization_id = record.organization_id,
                     .organization_slug = record.organization_slug,
                     .app_id = record.app_id,
                     .app_name = record.app_name,
                     .region = record.region,
                     .boot_id = boot.boot_id,
                     .version = boot.version.version,
                     .image = boot.version.image,
                     .image_digest = boot.version.image_digest,
                     .generation = boot.generation,
                     .placement = *std::move(placement),
                     .placement_sha256 = boot.version.placement_sha256,
                     .macaroon_kid = boot.macaroon_kid,
                     .macaroon_rnd = boot.macaroon_rnd,
                     .subject_scope = decoded->placement.identity.subject_scope,
                     .booting = booting,
                     .aws_principal_tags = WantsPrincipalTags(boot.version.config),
                     .metadata = record.metadata});
  return absl::OkStatus();
}

// Noted each time, recorded once a boot: whoever asks again and again must not fill the store.
void Boots::AlarmOfSecondRequest(const MachineRecord& record) {
  table_.Note("alarm.second_boot_request", record.id, record.boot->boot_id);
  {
    absl::MutexLock lock(&alarm_mu_);
    if (std::exchange(alarmed_[record.id], record.boot->boot_id) == record.boot->boot_id) return;
  }
  const auto noted = table_.Commit(table_.ChangeOf(record, "boot_refused", "flyd", "POST /boot for the second time"));
  if (!noted.ok()) table_.Note("alarm.not_recorded", record.id, noted.status().message());
}

void Boots::Forget(absl::string_view machine_id) {
  absl::MutexLock lock(&alarm_mu_);
  alarmed_.erase(machine_id);
}

absl::StatusOr<std::string> Boots::TakeAnswer(absl::string_view machine_id) {
  absl::MutexLock lock(&table_.LockOf(machine_id));
  absl::StatusOr<MachineRecord> record = table_.store().Get(machine_id);
  if (!record.ok()) return record.status();
  if (HasLiveBoot(*record) && record->boot->answered) {
    AlarmOfSecondRequest(*record);
    return absl::AlreadyExistsError(absl::StrCat("boot ", record->boot->boot_id, ": answered already, want one request"));
  }
  if (record->state != MachineState::kStarting || !HasLiveBoot(*record)) {
    return absl::FailedPreconditionError(
        absl::StrCat("machine ", machine_id, ": ", StateName(record->state), ", want starting"));
  }
  const absl::StatusOr<std::shared_ptr<const storage::SecretBytes>> key = keyring_.Get(identity_.key_epoch);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> macaroon = tokensvc::macaroon::MintBootToken(**key, {.kid = record->boot->macaroon_kid,
                                                                                  .rnd = record->boot->macaroon_rnd,
                                                                                  .organization_id = record->organization_id,
                                                                                  .app_id = record->app_id,
                                                                                  .machine_id = record->id});
  if (!macaroon.ok()) return macaroon.status();
  record->boot->answered = true;
  const auto kept = table_.Commit({.record = *record, .expected_revision = record->revision});
  if (!kept.ok()) return kept.status();
  return BootAnswerJson(*record, *macaroon);
}

}  // namespace flyd
