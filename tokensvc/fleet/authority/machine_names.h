#ifndef TOKENSVC_FLEET_AUTHORITY_MACHINE_NAMES_H_
#define TOKENSVC_FLEET_AUTHORITY_MACHINE_NAMES_H_

#include <string>

#include "tokensvc/unique_id_source.h"

namespace tokensvc {

// "adjective-noun-NNNN", as the public Machines API names what its user did not. About 30 million of them: the caller
// tries again where one is taken.
std::string NewMachineName(UniqueIdSource& ids);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_AUTHORITY_MACHINE_NAMES_H_
