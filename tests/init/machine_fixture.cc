#include "tests/init/machine_fixture.h"

#include "flyd/files/durable_file.h"
#include "tests/fakes/eventually.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/runtime/process_runtime.h"
#include "tests/init/fake_flyd.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

namespace fs = std::filesystem;

std::string InitPath() {
  const char* chosen = getenv("INIT_BINARY");
  return chosen != nullptr ? chosen : fs::absolute("flyd/init/init").string();
}

std::string ReadOrEmpty(const std::string& path) { return flyd::ReadWholeFile(path).value_or(""); }

}  // namespace

void MachineTest::SetUp() {
  char name[] = "/tmp/flyd-machine-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  run_dir_ = name;
  const absl::Status able = flyd::ProcessRuntime::Probe({.run_dir = run_dir_, .init_path = InitPath()});
  ASSERT_TRUE(able.ok()) << "this host cannot run machines: " << able;
  fs::create_directories(absl::StrCat(run_dir_, "/m/", kMachine, "/guest"));
  RestartRuntime();
}

void MachineTest::TearDown() {
  if (runtime_ != nullptr) (void)runtime_->Signal(kMachine, kBoot, SIGKILL);  // most have ended by themselves
  Eventually([this] { return runtime_ == nullptr || runtime_->Remove(kMachine, kBoot).ok(); });
  runtime_.reset();
  flyd_.reset();
  std::error_code ignored;
  fs::remove_all(run_dir_, ignored);
}

void MachineTest::RestartRuntime() {
  runtime_.reset();
  {
    absl::MutexLock lock(&mu_);
    exits_.clear();
  }
  absl::StatusOr<std::unique_ptr<flyd::ProcessRuntime>> runtime = flyd::ProcessRuntime::Create(
      {.run_dir = run_dir_, .init_path = InitPath(), .control_group = control_group_}, tokensvc::RealClock(),
      [this](absl::string_view, absl::string_view, const flyd::BootExit& exit) {
        absl::MutexLock lock(&mu_);
        exits_.push_back(exit);
      });
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  runtime_ = *std::move(runtime);
}

nlohmann::json MachineTest::BootAnswer(const std::string& script) const {
  return {{"boot_id", kBoot},
          {"macaroon", kMacaroon},
          {"machine",
           {{"id", kMachine},
            {"name", "m1"},
            {"app", "web"},
            {"organization", "acme"},
            {"region", "yyz"},
            {"version", "01HZZZZZZZZZZZZZZZZZZZZZZZ"},
            {"image", "host"},
            {"image_digest", "sha256:00"}}},
          {"run",
           {{"command", {"/bin/sh", "-c", script}},
            {"env", nlohmann::json::object()},
            {"user", ""},
            {"working_dir", ""}}},
          {"identity", {{"required", false}, {"socket_mode", "0600"}, {"aws_principal_tags", false}}},
          {"stop", {{"signal", "SIGINT"}, {"timeout_seconds", 5}}}};
}

bool MachineTest::Start(const nlohmann::json& boot_answer) {
  const std::string text = boot_answer.dump();
  auto asked = std::make_shared<std::atomic<int>>(0);
  flyd_ = std::make_unique<FakeFlyd>(absl::StrCat(run_dir_, "/m/", kMachine, "/guest"),
                                     [this, text, asked](const SeenRequest& request) -> FakeAnswer {
                                       if (request.target != "/boot") return handler_(request);
                                       if (asked->fetch_add(1) > 0) return {403, "{}"};
                                       return {200, text};
                                     });
  const absl::StatusOr<flyd::RunningBoot> running = runtime_->Start(Spec());
  EXPECT_TRUE(running.ok()) << running.status();
  return running.ok();
}

flyd::BootExit MachineTest::RunScript(const std::string& script) { return Run(BootAnswer(script)); }

flyd::BootExit MachineTest::Run(const nlohmann::json& boot_answer) {
  if (!Start(boot_answer)) return {};
  const std::optional<flyd::BootExit> exit = AwaitExit();
  EXPECT_TRUE(exit.has_value()) << "the machine did not end; " << Errors();
  return exit.value_or(flyd::BootExit{.error = "did not end"});
}

std::optional<flyd::BootExit> MachineTest::AwaitExit(absl::Duration deadline) {
  const auto told = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return !exits_.empty(); };
  absl::MutexLock lock(&mu_);
  if (!mu_.AwaitWithTimeout(absl::Condition(&told), deadline)) return std::nullopt;
  return exits_.front();
}

bool MachineTest::AwaitOutput(absl::string_view text) {
  if (Eventually([&] { return absl::StrContains(Output(), text); })) return true;
  ADD_FAILURE() << "output: " << Output() << Errors() << ", want " << text;
  return false;
}

std::string MachineTest::Output() const { return ReadOrEmpty(absl::StrCat(BootDirectory(), "/stdout.log")); }

std::string MachineTest::Errors() const { return ReadOrEmpty(absl::StrCat(BootDirectory(), "/stderr.log")); }

flyd::BootSpec MachineTest::Spec() const {
  return {.machine_id = kMachine,
          .boot_id = kBoot,
          .hostname = "m1",
          .image = "host",
          .image_digest = "sha256:00",
          .limits = limits_};
}

std::string MachineTest::BootDirectory() const { return absl::StrCat(run_dir_, "/m/", kMachine, "/b/", kBoot); }

bool MachineTest::IsRootless() const { return geteuid() != 0; }

}  // namespace tests
