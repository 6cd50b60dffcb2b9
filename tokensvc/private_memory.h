#ifndef TOKENSVC_PRIVATE_MEMORY_H_
#define TOKENSVC_PRIVATE_MEMORY_H_

namespace tokensvc {

// For programs that hold keys, PINs or Macaroons: what is in this process's memory is seen by nobody but the host's
// administrator. It leaves no core file and cannot be traced by others of its user; programs that it starts are as they
// would be. Before the first secret is read.
void KeepMemoryPrivate();

}  // namespace tokensvc

#endif  // TOKENSVC_PRIVATE_MEMORY_H_
