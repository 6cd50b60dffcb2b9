#ifndef TESTS_SIGNERD_SIGNERD_PROCESS_H_
#define TESTS_SIGNERD_SIGNERD_PROCESS_H_

#include <sys/types.h>

#include <string>

#include "tests/rpc/test_fleet.h"
#include "tests/signerd/soft_token.h"

namespace tests {

// The real program signerd with a SoftHSM2 token, its state and its configuration in a folder of the fleet. The process is
// killed with the object.
class SignerdProcess {
 public:
  // Makes token and configuration; starts nothing. `fleetd` is its address, `fleet_key_file` the key to pin.
  SignerdProcess(const TestFleet& fleet, const std::string& fleetd, const std::string& fleet_key_file);
  ~SignerdProcess();
  SignerdProcess(const SignerdProcess&) = delete;
  SignerdProcess& operator=(const SignerdProcess&) = delete;

  // Starts signerd and waits until it is ready, at most 30 s. False: it ended first, or was not ready in time.
  bool Start();
  // Sends `signal` and waits for the end. The exit code, or minus the signal that ended it.
  int Stop(int signal);

  std::string address() const;  // of the last Start
  std::string config_file() const { return dir_ + "/signerd.txtpb"; }
  std::string log() const;  // what it wrote so far
  std::string signature_log_file() const { return dir_ + "/data/signatures.db"; }

  // Runs signerd with `arguments` and waits: exit code and what it wrote.
  static int RunOnce(const std::string& arguments, std::string& output);

 private:
  const std::string dir_;
  const SoftToken soft_;
  pid_t pid_ = -1;
};

}  // namespace tests

#endif  // TESTS_SIGNERD_SIGNERD_PROCESS_H_
