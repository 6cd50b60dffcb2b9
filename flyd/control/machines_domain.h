#ifndef FLYD_CONTROL_MACHINES_DOMAIN_H_
#define FLYD_CONTROL_MACHINES_DOMAIN_H_

namespace flyd {

// google.rpc.ErrorInfo.domain of everything that flyd's control surface refuses.
inline constexpr char kMachinesDomain[] = "machines.flyd";

}  // namespace flyd

#endif  // FLYD_CONTROL_MACHINES_DOMAIN_H_
