#ifndef TESTS_FLEETD_FLEETD_PROCESS_H_
#define TESTS_FLEETD_FLEETD_PROCESS_H_

#include <sys/types.h>

#include <string>

#include "tests/rpc/test_fleet.h"

namespace tests {

// The real program fleetd with a SoftHSM token, its state and its configuration in a folder of the fleet. The process is
// killed with the object.
class FleetdProcess {
 public:
  // Makes token and configuration; starts nothing.
  explicit FleetdProcess(const TestFleet& fleet);
  ~FleetdProcess();
  FleetdProcess(const FleetdProcess&) = delete;
  FleetdProcess& operator=(const FleetdProcess&) = delete;

  // Starts fleetd and waits until it is ready, at most 30 s. False: it ended first, or was not ready in time.
  bool Start();
  // Sends `signal` and waits for the end. The exit code, or minus the signal that ended it.
  int Stop(int signal);

  std::string address() const;  // of the last Start
  std::string config_file() const { return dir_ + "/fleetd.txtpb"; }
  std::string public_key_file() const { return dir_ + "/fleet-key.pem"; }
  std::string log_file() const { return dir_ + "/fleetd.log"; }

  // Runs fleetd with `arguments` and waits: exit code and what it wrote.
  static int RunOnce(const std::string& arguments, std::string& output);

 private:
  const std::string dir_;
  pid_t pid_ = -1;
};

}  // namespace tests

#endif  // TESTS_FLEETD_FLEETD_PROCESS_H_
