#ifndef FLYD_INIT_MACHINE_LOOPBACK_H_
#define FLYD_INIT_MACHINE_LOOPBACK_H_

namespace flyd {

// Raises the loopback interface of a network that is new. A machine without one runs all the same.
void RaiseLoopback();

}  // namespace flyd

#endif  // FLYD_INIT_MACHINE_LOOPBACK_H_
