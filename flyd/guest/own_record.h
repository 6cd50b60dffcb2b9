#ifndef FLYD_GUEST_OWN_RECORD_H_
#define FLYD_GUEST_OWN_RECORD_H_

#include <string>

#include "absl/strings/string_view.h"
#include "flyd/supervisor/boot_gate.h"

// What a machine may read of itself, as the public Machines API writes it.
namespace flyd {

// /v1/apps/APP/machines/ID of the machine.
std::string OwnRecordPath(const BootView& view);

// GET of that path.
std::string OwnRecordJson(const BootView& view);

// GET of its /metadata: one object of strings.
std::string OwnMetadataJson(const BootView& view);

// GET /v1/tokens/current: what the Macaroon that was presented is. `token_id` names it and cannot be used.
std::string PresentedTokenJson(const BootView& view, absl::string_view token_id);

}  // namespace flyd

#endif  // FLYD_GUEST_OWN_RECORD_H_
