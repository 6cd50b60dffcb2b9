#ifndef FLYD_INIT_PID1_PID1_H_
#define FLYD_INIT_PID1_PID1_H_

#include "flyd/images/image_defaults.h"
#include "flyd/init/gate/guest_address.h"

namespace flyd {

struct Pid1Options {
  int channel = -1;          // to the runner (channel.h); -1: a platform runs the machine, with its own kernel or without
  GuestAddress guest;
  int workload_group = -1;   // to the group of all that is not PID 1 (machine_group.h); -1: the host has none
  bool one_id = false;       // rootless: the user namespace maps root alone
  ImageDefaults image_defaults;  // what holds where the machine's configuration says nothing
};

// The life of a machine, seen from inside: asks flyd for the boot, serves /.fly/api, keeps token files, runs the
// workload, passes signals and execs on to it, reaps every orphan, and when the workload's first process ends kills the
// rest and tells the runner. Runs as process 1 of its PID namespace, root file system in place. Returns the exit status
// for _exit.
//
// Without a runner it passes the signals on that it is sent itself, and tells flyd how the workload ended; the platform
// tells that the machine is gone (docs/attach.md).
//
// A suspension is the runner's to carry out where the workload has a group of its own; elsewhere init holds the workload
// with SIGSTOP. A resume renews every
// token first and lets the workload go on after that, so its first read finds a good one. If none can be had in 10 s, the
// workload goes on with the event identity_unavailable, or stays held where identity is required. A machine that is
// frozen from outside, without these orders, goes on all at once: its tokens are renewed as soon as init runs, which may
// be a moment later than the workload's first read.
//
// The calling process is made non-dumpable: nothing in the machine can read its memory or descriptors.
int RunPid1(const Pid1Options& options);

}  // namespace flyd

#endif  // FLYD_INIT_PID1_PID1_H_
