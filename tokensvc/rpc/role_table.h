#ifndef TOKENSVC_RPC_ROLE_TABLE_H_
#define TOKENSVC_RPC_ROLE_TABLE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tokensvc/rpc/peer_identity.h"

namespace tokensvc {

// A set of roles, one bit each.
using RoleSet = uint8_t;
constexpr RoleSet Only(Role role) { return static_cast<RoleSet>(1u << static_cast<unsigned>(role)); }
inline constexpr RoleSet kAnyRole = 0x1f;

struct MethodRoles {
  absl::string_view method;  // as on the wire: "/package.Service/Method"
  RoleSet roles;
};

// Which role may call which method, on every server of the fleet. A method that is not here is refused: a new method is
// closed until a row opens it. ServerCredentials() enforces it before any handler runs.
inline constexpr MethodRoles kRoleTable[] = {
    {"/fly.fleet.v1.Fleet/CreateOrganization", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/GetOrganization", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/ListOrganizations", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/SetOrganizationState", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/CreateApp", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/GetApp", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/ListApps", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/PlaceMachine", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/MoveMachine", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/RenewPlacements", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/RetireMachine", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.Fleet/ListMachines", Only(Role::kControlPlane)},
    {"/fly.fleet.v1.FleetLog/Follow", Only(Role::kSigner)},
    {"/fly.fleet.v1.Enrolment/Enrol", Only(Role::kWorker)},
    {"/fly.fleet.v1.Enrolment/RenewOwnPlacements", Only(Role::kWorker)},
    {"/fly.signer.v1.Signer/Sign", Only(Role::kWorker)},
    {"/fly.signer.v1.Keys/WatchKeyBundle", Only(Role::kIssuer) | Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/CreateMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/GetMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/ListMachines", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/StartMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/StopMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/UpdateMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/DestroyMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/WaitMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/RenewPlacements", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/ReportBoot", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/ListEvents", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/ExecMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/StreamLogs", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/RestartMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/SuspendMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/SignalMachine", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/WatchMachines", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/ListOperations", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/CancelOperation", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/AcquireLease", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/ReleaseLease", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/UpdateMetadata", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/GetWorker", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/CordonWorker", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/UncordonWorker", Only(Role::kControlPlane)},
    {"/fly.machines.v1.Machines/DrainWorker", Only(Role::kControlPlane)},
    {"/grpc.health.v1.Health/Check", kAnyRole},
    {"/grpc.health.v1.Health/Watch", kAnyRole},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Only(Role::kControlPlane)},
};

// PermissionDenied `METHOD: role ROLE, want ...`: the table has no row for the method, or the row does not hold the role.
absl::Status CheckRole(absl::string_view method, Role role);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_ROLE_TABLE_H_
