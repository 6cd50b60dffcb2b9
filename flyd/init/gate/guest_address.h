#ifndef FLYD_INIT_GATE_GUEST_ADDRESS_H_
#define FLYD_INIT_GATE_GUEST_ADDRESS_H_

#include <cstdint>

namespace flyd {

// Where flyd hears this machine and no other: the socket api.sock in a folder of the host, or a port of the hypervisor.
struct GuestAddress {
  // O_PATH descriptor of the folder, so that no path leads there and a socket that was made again is found.
  int directory = -1;
  // vsock(7), where there is no folder: 2 is the host.
  uint32_t vsock_cid = 0;
  uint32_t vsock_port = 0;
};

}  // namespace flyd

#endif  // FLYD_INIT_GATE_GUEST_ADDRESS_H_
