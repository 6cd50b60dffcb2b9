#include "tokensvc/fleet/authority/organization_authority.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"
#include "tokensvc/rpc/error_details.h"

namespace tokensvc {
namespace {

absl::Status CheckNamed(absl::string_view field, absl::string_view name, size_t max_bytes) {
  const absl::Status status = CheckName(name, max_bytes);
  return status.ok() ? status : absl::InvalidArgumentError(absl::StrCat(field, ": ", status.message()));
}

absl::Status Deleted(absl::string_view slug) {
  return WithViolation(
      WithReason(absl::FailedPreconditionError(absl::StrCat("organization ", slug, ": deleted, want one that is not")),
                 "ORGANIZATION_DELETED"),
      "STATE", absl::StrCat("organizations/", slug), "deleted, want active or stopped");
}

}  // namespace

uint64_t NewNumericId(UniqueIdSource& ids) {
  for (;;) {
    const std::string bytes = ids.NewBytes();
    uint64_t id = 0;
    for (int i = 10; i < 16; ++i) id = id << 8 | static_cast<uint8_t>(bytes[i]);
    if (id != 0) return id;
  }
}

absl::StatusOr<OrganizationEntry> OrganizationAuthority::Create(const NewOrganization& request) {
  if (absl::Status form = CheckNamed("slug", request.slug, kMaxOrganizationSlugBytes); !form.ok()) return form;
  absl::MutexLock lock(&mu_);
  if (log_.FindOrganization(request.slug).has_value()) {
    return WithResource(WithReason(absl::AlreadyExistsError(absl::StrCat(
                                       "slug: ", request.slug, ", want one that no organization has or had")),
                                   "SLUG_TAKEN"),
                        "organization", request.slug);
  }
  uint64_t id = request.id;
  while (id == 0 || (request.id == 0 && log_.FindOrganization(id).has_value())) id = NewNumericId(ids_);
  if (log_.FindOrganization(id).has_value()) {
    return WithResource(
        WithReason(absl::AlreadyExistsError(absl::StrCat("id: ", id, ", want one that no organization has or had")),
                   "ID_TAKEN"),
        "organization", absl::StrCat(id));
  }
  const absl::StatusOr<uint64_t> number = log_.Append(OrganizationIssuer{.organization_id = id,
                                                                         .slug = request.slug,
                                                                         .algorithm = request.algorithm,
                                                                         .development = request.development});
  if (!number.ok()) return number.status();
  return *log_.FindOrganization(request.slug);
}

absl::StatusOr<OrganizationEntry> OrganizationAuthority::Get(absl::string_view slug) const {
  std::optional<OrganizationEntry> found = log_.FindOrganization(slug);
  if (found.has_value()) return *std::move(found);
  return WithResource(
      WithReason(absl::NotFoundError(absl::StrCat("organization: ", slug, ", want one that exists")),
                 "ORGANIZATION_NOT_FOUND"),
      "organization", slug);
}

absl::StatusOr<OrganizationAuthority::Changed> OrganizationAuthority::SetState(absl::string_view slug,
                                                                               IssuerState state) {
  absl::StatusOr<uint64_t> number = uint64_t{0};
  {
    absl::MutexLock lock(&mu_);
    const absl::StatusOr<OrganizationEntry> entry = Get(slug);
    if (!entry.ok()) return entry.status();
    if (entry->issuer.state == IssuerState::kDeleted && state != IssuerState::kDeleted) return Deleted(slug);
    if (entry->issuer.state != state) {
      OrganizationIssuer issuer = entry->issuer;
      issuer.state = state;
      number = log_.Append(std::move(issuer));
    } else {
      number = log_.number();  // a repeated call still waits for its first
    }
  }
  if (!number.ok()) return number.status();
  Changed changed;
  if (state != IssuerState::kActive) changed.fenced_except = log_.AwaitSettled(*number, kFenceWait);
  changed.organization = *log_.FindOrganization(slug);
  return changed;
}

absl::StatusOr<AppRecord> OrganizationAuthority::CreateApp(absl::string_view organization_slug, absl::string_view name,
                                                           uint64_t id) {
  if (absl::Status form = CheckNamed("name", name, kMaxAppNameBytes); !form.ok()) return form;
  absl::MutexLock lock(&mu_);
  const absl::StatusOr<OrganizationEntry> organization = Get(organization_slug);
  if (!organization.ok()) return organization.status();
  if (organization->issuer.state == IssuerState::kDeleted) return Deleted(organization_slug);
  const AppRecord app{.id = id != 0 ? id : NewNumericId(ids_),
                      .organization_id = organization->issuer.organization_id,
                      .name = std::string(name),
                      .created = clock_.Now()};
  absl::Status added = registry_.AddApp(app);
  if (absl::IsAlreadyExists(added)) {
    return WithResource(WithReason(std::move(added), "NAME_TAKEN"), "app", absl::StrCat(organization_slug, "/", name));
  }
  if (!added.ok()) return added;
  return app;
}

absl::StatusOr<AppRecord> OrganizationAuthority::GetApp(absl::string_view organization_slug,
                                                        absl::string_view name) const {
  const absl::StatusOr<OrganizationEntry> organization = Get(organization_slug);
  if (!organization.ok()) return organization.status();
  absl::StatusOr<AppRecord> app = registry_.FindApp(organization->issuer.organization_id, name);
  if (absl::IsNotFound(app.status())) {
    return WithResource(WithReason(app.status(), "APP_NOT_FOUND"), "app", absl::StrCat(organization_slug, "/", name));
  }
  return app;
}

}  // namespace tokensvc
