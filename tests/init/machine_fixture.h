#ifndef TESTS_INIT_MACHINE_FIXTURE_H_
#define TESTS_INIT_MACHINE_FIXTURE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_limits.h"
#include "flyd/runtime/process_runtime.h"
#include "flyd/runtime/runtime.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/init/fake_flyd.h"

namespace tests {

inline constexpr char kMachine[] = "148e21f0c12345";
inline constexpr char kBoot[] = "0123456789abcdef0123456789abcdef";
// As long as a real one; the characters are those of base64.
inline constexpr char kMacaroon[] =
    "FlyV1 fm2_lJPOAAABkZ7EECq0zT1rW9r0RkN+bV5Yb0jCaHR0cHM6Ly9hcGkuZXhhbXBsZS5jb20vd29ya2Vycy93MQCRCpPOAAABzgAAAAHEQ"
    "XNlY3JldC1wcm9vZi1vZi10aGUtYm9vdC10b2tlbg/6MW3+Zb9xkQ==";

// A run of the real, static init in real namespaces, with a fake flyd on the machine's socket. Where the host allows no
// namespaces every test fails and says what is missing.
class MachineTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // The answer to POST /boot for a shell script; tests change what they are about.
  nlohmann::json BootAnswer(const std::string& script) const;

  // Starts kMachine with this answer. False, with a failure recorded, if it could not.
  bool Start(const nlohmann::json& boot_answer);
  // Starts a script and waits for its end.
  flyd::BootExit RunScript(const std::string& script);
  flyd::BootExit Run(const nlohmann::json& boot_answer);

  // Waits for the exit that the sink is told.
  std::optional<flyd::BootExit> AwaitExit(absl::Duration deadline = absl::Seconds(30));
  // Waits until the machine's output has `text`.
  bool AwaitOutput(absl::string_view text);
  std::string Output() const;
  std::string Errors() const;

  // As when flyd is killed and started again: a new runtime, which has told nobody of anything.
  void RestartRuntime();

  flyd::BootSpec Spec() const;
  std::string BootDirectory() const;
  bool IsRootless() const;

  std::string run_dir_;
  std::string control_group_;  // of the runtime; both are set before SetUp or RestartRuntime
  flyd::BootLimits limits_;
  std::unique_ptr<FakeFlyd> flyd_;
  std::unique_ptr<flyd::ProcessRuntime> runtime_;
  // Answers all but POST /boot; set before Start.
  FakeFlyd::Handler handler_ = [](const SeenRequest&) { return FakeAnswer{204, ""}; };

 private:
  absl::Mutex mu_;
  std::vector<flyd::BootExit> exits_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_INIT_MACHINE_FIXTURE_H_
