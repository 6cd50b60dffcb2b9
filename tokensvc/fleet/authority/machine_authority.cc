#include "tokensvc/fleet/authority/machine_authority.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tokensvc/fleet/authority/machine_names.h"
#include "tokensvc/fleet/authority/sign_placement.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"
#include "tokensvc/rpc/error_details.h"

namespace tokensvc {
namespace {

// A signer whose clock is a little behind takes a fresh placement at once.
constexpr absl::Duration kPlacementBackdate = absl::Seconds(30);
constexpr absl::Duration kMinPlacementLifetime = absl::Seconds(60);
constexpr int kNameTries = 8;

std::string MachineSubject(absl::string_view id) { return absl::StrCat("machines/", id); }

absl::Status NotAsNeeded(absl::string_view id, absl::string_view reason, absl::string_view found_want) {
  return WithViolation(
      WithReason(absl::FailedPreconditionError(absl::StrCat("machine ", id, ": ", found_want)), reason), "STATE",
      MachineSubject(id), found_want);
}

bool SameContent(const MachineVersion& a, const MachineVersion& b) {
  return a.image == b.image && a.image_digest == b.image_digest && a.subject_scope == b.subject_scope &&
         a.policy.audiences == b.policy.audiences && a.policy.any_audience == b.policy.any_audience &&
         a.policy.default_audience == b.policy.default_audience && a.policy.role_arns == b.policy.role_arns &&
         a.policy.aws_principal_tags == b.policy.aws_principal_tags;
}

absl::Status CheckLifetime(absl::Duration lifetime) {
  if (lifetime >= kMinPlacementLifetime && lifetime <= kPlacementLifetime) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("lifetime_seconds: ", absl::ToInt64Seconds(lifetime), ", want 60..",
                                                 absl::ToInt64Seconds(kPlacementLifetime)));
}

absl::Status CheckField(absl::string_view field, const absl::Status& status) {
  return status.ok() ? status : absl::InvalidArgumentError(absl::StrCat(field, ": ", status.message()));
}

}  // namespace

MachineVersion MachineAuthority::WithDefaults(MachineVersion version, absl::string_view organization_slug) {
  if (version.version.empty()) version.version = NewUlid(ids_, clock_.Now());
  if (version.lifetime == absl::ZeroDuration()) version.lifetime = kPlacementLifetime;
  if (version.policy.default_audience.empty()) {
    version.policy.default_audience = absl::StrCat(log_.settings()->audience_base, "/", organization_slug);
  }
  return version;
}

// Signs one version where the machine stands; `version.expires` becomes the placement's.
absl::StatusOr<std::string> MachineAuthority::Sign(const RegisteredMachine& machine, const AppRecord& app,
                                                   const OrganizationEntry& organization, MachineVersion& version) {
  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now()));
  version.expires = now + version.lifetime;
  return SignPlacement(key_, Placement{.key_id = "",
                                       .identity = {.organization_id = organization.issuer.organization_id,
                                                    .organization_slug = organization.issuer.slug,
                                                    .app_id = app.id,
                                                    .app_name = app.name,
                                                    .machine_id = machine.id,
                                                    .machine_name = machine.name,
                                                    .machine_version = version.version,
                                                    .image = version.image,
                                                    .image_digest = version.image_digest,
                                                    .region = machine.region,
                                                    .subject_scope = version.subject_scope},
                                       .worker = machine.worker,
                                       .generation = machine.generation,
                                       .not_before = now - kPlacementBackdate,
                                       .expires = version.expires,
                                       .policy = version.policy});
}

absl::StatusOr<Placed> MachineAuthority::Place(const PlaceRequest& request) {
  const absl::StatusOr<OrganizationEntry> organization = organizations_.Get(request.organization_slug);
  if (!organization.ok()) return organization.status();
  if (organization->issuer.state != IssuerState::kActive) {
    return WithViolation(
        WithReason(absl::FailedPreconditionError(
                       absl::StrCat("organization ", request.organization_slug, ": not active, want it active")),
                   "ORGANIZATION_NOT_ACTIVE"),
        "STATE", absl::StrCat("organizations/", request.organization_slug), "not active, want active");
  }
  const absl::StatusOr<AppRecord> app = organizations_.GetApp(request.organization_slug, request.app_name);
  if (!app.ok()) return app.status();
  PlaceRequest complete = request;
  complete.version = WithDefaults(request.version, request.organization_slug);
  if (absl::Status lifetime = CheckLifetime(complete.version.lifetime); !lifetime.ok()) return lifetime;
  absl::MutexLock lock(&mu_);
  return request.machine_id.empty() ? PlaceNewLocked(complete, *organization, *app)
                                    : PlaceVersionLocked(complete, *organization, *app);
}

absl::StatusOr<Placed> MachineAuthority::PlaceNewLocked(const PlaceRequest& request,
                                                        const OrganizationEntry& organization, const AppRecord& app) {
  absl::Status added;
  for (int tries = 0; tries < kNameTries; ++tries) {
    const RegisteredMachine machine{.id = NewMachineId(ids_),
                                    .app_id = app.id,
                                    .name = request.machine_name.empty() ? NewMachineName(ids_) : request.machine_name,
                                    .worker = request.worker,
                                    .region = request.region};
    MachineVersion version = request.version;
    // Signed first: that checks every field. Unless the machine is added, nobody sees the placement.
    absl::StatusOr<std::string> placement = Sign(machine, app, organization, version);
    if (!placement.ok()) return placement.status();
    added = registry_.AddMachine(machine, version);
    if (added.ok()) return Placed{*std::move(placement), machine, version.version};
    if (!absl::IsAlreadyExists(added) || !request.machine_name.empty()) break;
  }
  if (!absl::IsAlreadyExists(added)) return added;
  return WithResource(WithReason(std::move(added), "NAME_TAKEN"), "machine",
                      absl::StrCat(request.organization_slug, "/", request.app_name, "/", request.machine_name));
}

absl::StatusOr<Placed> MachineAuthority::PlaceVersionLocked(const PlaceRequest& request,
                                                            const OrganizationEntry& organization,
                                                            const AppRecord& app) {
  const absl::StatusOr<RegisteredMachine> machine = FindStanding(request.machine_id);
  if (!machine.ok()) return machine.status();
  const auto differs = [](const std::string& asked, const std::string& has) { return !asked.empty() && asked != has; };
  if (machine->app_id != app.id || differs(request.machine_name, machine->name)) {
    return WithResource(WithReason(absl::NotFoundError(absl::StrCat("machine ", request.machine_id,
                                                                    ": of another app or name, want the one asked for")),
                                   "MACHINE_NOT_FOUND"),
                        "machine", request.machine_id);
  }
  if (differs(request.worker, machine->worker) || differs(request.region, machine->region)) {
    return NotAsNeeded(machine->id, "OTHER_WORKER",
                       absl::StrCat("on worker ", machine->worker, " in ", machine->region,
                                    ", want a version placed there, or MoveMachine"));
  }
  MachineVersion version = request.version;
  const absl::StatusOr<MachineVersion> before = registry_.FindVersion(machine->id, version.version);
  if (before.ok() && !SameContent(*before, version)) {
    return WithReason(absl::AlreadyExistsError(absl::StrCat("version ", version.version,
                                                            ": placed with other content, want a new version")),
                      "VERSION_TAKEN");
  }
  if (!before.ok() && !absl::IsNotFound(before.status())) return before.status();
  absl::StatusOr<std::string> placement = Sign(*machine, app, organization, version);
  if (!placement.ok()) return placement.status();
  if (absl::Status kept = registry_.PutVersion(machine->id, version); !kept.ok()) return kept;
  return Placed{*std::move(placement), *machine, version.version};
}

// The machine, if it may be placed where the registry says.
absl::StatusOr<RegisteredMachine> MachineAuthority::FindStanding(absl::string_view machine_id) {
  absl::StatusOr<RegisteredMachine> machine = registry_.FindMachine(machine_id);
  if (absl::IsNotFound(machine.status())) {
    return WithResource(WithReason(machine.status(), "MACHINE_NOT_FOUND"), "machine", machine_id);
  }
  if (!machine.ok()) return machine.status();
  if (machine->retired) return NotAsNeeded(machine_id, "MACHINE_RETIRED", "retired, want one that is not");
  const uint64_t minimum = log_.MinimumGeneration(machine_id);
  if (machine->generation < minimum) {
    return NotAsNeeded(machine_id, "MOVE_UNFINISHED",
                       absl::StrCat("generation ", machine->generation, ", fenced below ", minimum,
                                    ", want its move or retirement called again"));
  }
  return machine;
}

absl::StatusOr<RegisteredMachine> MachineAuthority::RaiseGeneration(absl::string_view machine_id,
                                                                    absl::string_view target_worker,
                                                                    absl::string_view target_region,
                                                                    uint64_t expected_generation) {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<RegisteredMachine> machine = registry_.FindMachine(machine_id);
  if (absl::IsNotFound(machine.status())) {
    return WithResource(WithReason(machine.status(), "MACHINE_NOT_FOUND"), "machine", machine_id);
  }
  if (!machine.ok()) return machine.status();
  if (machine->retired) return NotAsNeeded(machine_id, "MACHINE_RETIRED", "retired, want one that is not");
  const std::string region(target_region.empty() ? absl::string_view(machine->region) : target_region);
  // The same call again, after its answer was lost.
  if (machine->generation == expected_generation + 1 && machine->worker == target_worker && machine->region == region) {
    return machine;
  }
  if (machine->generation != expected_generation) {
    const std::string found_want = absl::StrCat("generation ", machine->generation, ", want ", expected_generation);
    return WithViolation(
        WithReason(absl::AbortedError(absl::StrCat("machine ", machine_id, ": ", found_want)), "GENERATION_MISMATCH"),
        "GENERATION", MachineSubject(machine_id), found_want);
  }
  const absl::StatusOr<uint64_t> fence = log_.Append(MachineFence{machine->id, expected_generation + 1});
  if (!fence.ok()) return fence.status();
  machine->worker = std::string(target_worker);
  machine->region = region;
  machine->generation = expected_generation + 1;
  machine->fence_number = *fence;
  if (absl::Status kept = registry_.UpdateMachine(*machine, expected_generation); !kept.ok()) return kept;
  return machine;
}

absl::StatusOr<Moved> MachineAuthority::Move(absl::string_view machine_id, absl::string_view target_worker,
                                             absl::string_view target_region, uint64_t expected_generation) {
  if (absl::Status worker = CheckName(target_worker, kMaxWorkerNameBytes); !worker.ok()) {
    return CheckField("target_worker", worker);
  }
  if (!target_region.empty()) {
    if (absl::Status region = CheckName(target_region, kMaxRegionBytes); !region.ok()) {
      return CheckField("target_region", region);
    }
  }
  const absl::StatusOr<RegisteredMachine> raised =
      RaiseGeneration(machine_id, target_worker, target_region, expected_generation);
  if (!raised.ok()) return raised.status();
  Moved moved{.placements = {},
              .generation = raised->generation,
              .fenced_except = log_.AwaitSettled(raised->fence_number, kFenceWait)};
  absl::MutexLock lock(&mu_);
  const absl::StatusOr<RegisteredMachine> machine = FindStanding(machine_id);
  if (!machine.ok()) return machine.status();
  if (machine->generation != raised->generation) {
    return WithReason(absl::AbortedError(absl::StrCat("machine ", machine_id, ": generation ", machine->generation,
                                                      ", want ", raised->generation)),
                      "GENERATION_MISMATCH");
  }
  absl::StatusOr<std::vector<std::string>> placements = SignStandingLocked(*machine);
  if (!placements.ok()) return placements.status();
  moved.placements = *std::move(placements);
  return moved;
}

absl::StatusOr<std::vector<std::string>> MachineAuthority::SignStandingLocked(const RegisteredMachine& machine) {
  const absl::StatusOr<AppRecord> app = registry_.FindApp(machine.app_id);
  if (!app.ok()) return app.status();
  const std::optional<OrganizationEntry> organization = log_.FindOrganization(app->organization_id);
  if (!organization.has_value()) {
    return absl::InternalError(absl::StrCat("app ", app->name, ": organization ", app->organization_id,
                                            " not in the fleet log, want every app's to be"));
  }
  absl::StatusOr<std::vector<MachineVersion>> versions = registry_.StandingVersions(machine.id, clock_.Now());
  if (!versions.ok()) return versions.status();
  std::vector<std::string> placements;
  for (MachineVersion& version : *versions) {
    absl::StatusOr<std::string> placement = Sign(machine, *app, *organization, version);
    if (!placement.ok()) return placement.status();
    if (absl::Status kept = registry_.PutVersion(machine.id, version); !kept.ok()) return kept;
    placements.push_back(*std::move(placement));
  }
  return placements;
}

absl::StatusOr<std::vector<std::string>> MachineAuthority::Renew(absl::string_view machine_id,
                                                                   absl::string_view worker) {
  absl::MutexLock lock(&mu_);
  if (!worker.empty()) {
    const absl::StatusOr<RegisteredMachine> known = registry_.FindMachine(machine_id);
    if (!known.ok() || known->worker != worker) {  // one answer for both: a worker learns nothing of the others
      return WithResource(WithReason(absl::NotFoundError(absl::StrCat("machine ", machine_id, ": not on worker ", worker)),
                                     "MACHINE_NOT_FOUND"),
                          "machine", machine_id);
    }
  }
  const absl::StatusOr<RegisteredMachine> machine = FindStanding(machine_id);
  if (!machine.ok()) return machine.status();
  const std::vector<std::string> waiting = log_.AwaitSettled(machine->fence_number, absl::ZeroDuration());
  if (!waiting.empty()) {
    return WithReason(absl::UnavailableError(absl::StrCat("machine ", machine_id, ": fence ", machine->fence_number,
                                                          " waits for ", absl::StrJoin(waiting, ", "),
                                                          ", want it acknowledged or lapsed")),
                      "FENCE_PENDING");
  }
  return SignStandingLocked(*machine);
}

absl::StatusOr<std::vector<std::string>> MachineAuthority::Retire(absl::string_view machine_id) {
  uint64_t number = 0;
  {
    absl::MutexLock lock(&mu_);
    absl::StatusOr<RegisteredMachine> machine = registry_.FindMachine(machine_id);
    if (absl::IsNotFound(machine.status())) {
      return WithResource(WithReason(machine.status(), "MACHINE_NOT_FOUND"), "machine", machine_id);
    }
    if (!machine.ok()) return machine.status();
    if (!machine->retired) {
      const absl::StatusOr<uint64_t> fence =
          log_.Append(MachineFence{machine->id, std::numeric_limits<uint64_t>::max()});
      if (!fence.ok()) return fence.status();
      machine->retired = true;
      machine->fence_number = *fence;
      if (absl::Status kept = registry_.UpdateMachine(*machine, machine->generation); !kept.ok()) return kept;
    }
    number = machine->fence_number;
  }
  return log_.AwaitSettled(number, kFenceWait);
}

}  // namespace tokensvc
