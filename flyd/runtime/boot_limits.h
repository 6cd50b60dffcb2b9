#ifndef FLYD_RUNTIME_BOOT_LIMITS_H_
#define FLYD_RUNTIME_BOOT_LIMITS_H_

#include <cstdint>

namespace flyd {

// What a machine may take of its host, PID 1 included. 0: as much as there is.
struct BootLimits {
  uint32_t cpus = 0;          // whole processors' time
  uint64_t memory_bytes = 0;  // what it writes to its file systems in memory counts
  uint32_t pids = 0;          // processes and threads
};

// Which of these limits a host can hold machines to.
struct HostBounds {
  bool cpus = false;
  bool memory = false;
  bool pids = false;
};

// The name of the first limit that is set and that the host cannot hold; null: none.
inline const char* FirstUnbounded(const BootLimits& limits, const HostBounds& host) {
  if (limits.cpus != 0 && !host.cpus) return "cpus";
  if (limits.memory_bytes != 0 && !host.memory) return "memory";
  if (limits.pids != 0 && !host.pids) return "pids";
  return nullptr;
}

}  // namespace flyd

#endif  // FLYD_RUNTIME_BOOT_LIMITS_H_
