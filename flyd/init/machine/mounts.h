#ifndef FLYD_INIT_MACHINE_MOUNTS_H_
#define FLYD_INIT_MACHINE_MOUNTS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// The mounts that every machine's root has, whatever image it stands on. Each path is relative to the working directory,
// which is the root to be; nobody else is there yet. For process 1 of fresh user, PID and mount namespaces.
namespace flyd {

// Unavailable `mount WHAT: why, want a host that allows it`.
absl::Status MountRefused(absl::string_view what, int error);
absl::Status Mount(const char* source, const char* target, const char* type, unsigned long flags, const char* data);

// A tmpfs over /tmp of the host's files, of at most 256 MiB, where the new root is built and which is entered: every host
// has the place, and nothing below it is wanted. The mounts of this namespace are its own from now on.
absl::Status EnterBuildPlace();

// /dev with null, zero, full, random, urandom, tty, pts and shm; /proc with what is the host's closed; /.fly, 1 MiB. The
// directories proc, dev and .fly are there.
absl::Status MountKernelFileSystems();

// The working directory becomes the root, and nothing of the old one is left.
absl::Status PivotHere();

}  // namespace flyd

#endif  // FLYD_INIT_MACHINE_MOUNTS_H_
