// What init costs: its size, its memory, and how much longer a boot takes with a token than without. The fake flyd mints at
// once, so what is added is init's own: one request and one file. Prints figures and ratios; judges nothing.
//
//   bazel run --config=opt //tests/bench/init
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/process_runtime.h"
#include "flyd/runtime/runtime.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/eventually.h"
#include "tests/init/fake_flyd.h"
#include "tokensvc/clock.h"

namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 41;
constexpr int kRequests = 1000;
constexpr char kMachine[] = "148e21f0c12345";
constexpr char kToken[] = "e30.eyJpYXQiOjEwMCwiZXhwIjo3MDB9.c2ln";  // iat 100, exp 700

absl::Duration Now() { return tokensvc::RealClock().Monotonic(); }

// Seconds that the hypervisor gave to others, of all processors.
double StealSeconds() {
  const std::string stat = flyd::ReadWholeFile("/proc/stat").value_or("");
  const std::vector<std::string> words = absl::StrSplit(stat.substr(0, stat.find('\n')), ' ', absl::SkipEmpty());
  double ticks = 0;
  return words.size() > 8 && absl::SimpleAtod(words[8], &ticks) ? ticks / 100 : 0;
}

long ResidentKiB(pid_t pid) {
  const std::string status = flyd::ReadWholeFile(absl::StrCat("/proc/", pid, "/status")).value_or("");
  const size_t at = status.find("VmRSS:");
  return at == status.npos ? 0 : std::atol(status.c_str() + at + 6);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// One host with one machine at a time.
class Bench {
 public:
  explicit Bench(const std::string& init) {
    char name[] = "/tmp/flyd-init-bench-XXXXXX";
    run_dir_ = mkdtemp(name);
    const std::string guest = absl::StrCat(run_dir_, "/m/", kMachine, "/guest");
    fs::create_directories(guest);
    flyd_ = std::make_unique<tests::FakeFlyd>(guest, [this](const tests::SeenRequest& request) { return Answer(request); });
    runtime_ = flyd::ProcessRuntime::Create({.run_dir = run_dir_, .init_path = init}, tokensvc::RealClock(),
                                            [](absl::string_view, absl::string_view, const flyd::BootExit&) {})
                   .value();
  }
  ~Bench() { fs::remove_all(run_dir_); }

  // From the answer to POST /boot to the word that the workload runs.
  absl::Duration Boot(bool token, flyd::RunningBoot* running) {
    {
      absl::MutexLock lock(&mu_);
      token_ = token;
      started_ = absl::InfiniteDuration();
    }
    const absl::Duration began = Now();
    boot_ = absl::StrCat(absl::Hex(++boots_, absl::kZeroPad16), "0123456789abcdef");
    *running = runtime_->Start({.machine_id = kMachine, .boot_id = boot_, .hostname = "m1", .image = "host"}).value();
    absl::MutexLock lock(&mu_);
    const auto started = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return started_ < absl::InfiniteDuration(); };
    mu_.Await(absl::Condition(&started));
    whole_ = started_ - began;
    return started_ - answered_;
  }

  // Of the last Boot, from the call to the runtime on.
  absl::Duration whole() const { return whole_; }

  void Requests() {
    const std::string program = absl::StrCat(
        "i=0; while [ $i -lt 20 ]; do set -- ; j=0; while [ $j -lt ", kRequests / 20,
        " ]; do set -- \"$@\" http://x/v1/y; j=$((j+1)); done; curl -s -o /dev/null --unix-socket /.fly/api \"$@\"; "
        "i=$((i+1)); done");
    (void)runtime_->Exec(kMachine, boot_, {.command = {"sh", "-c", program}, .timeout = absl::Minutes(2)});
  }

  void End() {
    (void)runtime_->Signal(kMachine, boot_, SIGKILL);
    tests::Eventually([this] { return runtime_->Remove(kMachine, boot_).ok(); });
  }

 private:
  tests::FakeAnswer Answer(const tests::SeenRequest& request) {
    absl::MutexLock lock(&mu_);
    if (request.target == "/boot/events") started_ = Now();
    if (request.target == "/v1/tokens/oidc") return {200, kToken};
    if (request.target != "/boot") return {204, ""};
    nlohmann::json environment = nlohmann::json::object();
    if (token_) environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/r";
    const nlohmann::json answer = {{"macaroon", absl::StrCat("FlyV1 fm2_", std::string(400, 'm'))},
                                   {"machine", {{"id", kMachine}, {"app", "web"}}},
                                   {"run", {{"command", {"/bin/sleep", "1000"}}, {"env", environment}}}};
    answered_ = Now();
    return {200, answer.dump()};
  }

  std::string run_dir_;
  std::string boot_;
  uint64_t boots_ = 0;
  absl::Duration whole_;
  absl::Mutex mu_;
  bool token_ ABSL_GUARDED_BY(mu_) = false;
  absl::Duration answered_ ABSL_GUARDED_BY(mu_);
  absl::Duration started_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<tests::FakeFlyd> flyd_;
  std::unique_ptr<flyd::ProcessRuntime> runtime_;
};

void MeasureBoots(Bench& bench) {
  std::vector<double> without;
  std::vector<double> with;
  const double steal = StealSeconds();
  const absl::Duration began = Now();
  for (int round = 0; round < 2 * kRounds; ++round) {
    flyd::RunningBoot running;
    const absl::Duration took = bench.Boot(round % 2 == 1, &running);
    bench.End();
    (round % 2 == 1 ? with : without).push_back(absl::ToDoubleMilliseconds(took));
  }
  const double added = Median(with) - Median(without);
  std::printf("boot, median of %d, alternating: %.2f ms without a token, %.2f ms with one: ratio %.2f, %.2f ms added "
              "(goal 10); steal %.1f %%\n",
              kRounds, Median(without), Median(with), Median(with) / Median(without), added,
              100 * (StealSeconds() - steal) / absl::ToDoubleSeconds(Now() - began));
}

// clone and exec of the same program, without a machine.
double BareMilliseconds() {
  char program[] = "/bin/sleep";
  char argument[] = "1000";
  char* argv[] = {program, argument, nullptr};
  pid_t pid = 0;
  const absl::Duration began = Now();
  if (posix_spawn(&pid, program, nullptr, nullptr, argv, nullptr) != 0) std::abort();  // back when it has exec'd
  const absl::Duration took = Now() - began;
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return absl::ToDoubleMilliseconds(took);
}

void MeasureStarts(Bench& bench) {
  std::vector<double> machines;
  std::vector<double> bare;
  for (int round = 0; round < kRounds; ++round) {
    flyd::RunningBoot running;
    bench.Boot(false, &running);
    machines.push_back(absl::ToDoubleMilliseconds(bench.whole()));
    bench.End();
    bare.push_back(BareMilliseconds());
  }
  std::printf("start of a machine to its program, median of %d, alternating: %.2f ms, bare clone and exec %.2f ms: %.2f ms added "
              "(goal 10)\n",
              kRounds, Median(machines), Median(bare), Median(machines) - Median(bare));
}

void MeasureMemory(Bench& bench) {
  flyd::RunningBoot running;
  bench.Boot(true, &running);
  const double booted = static_cast<double>(ResidentKiB(running.init_pid)) / 1024;
  bench.Requests();
  const double served = static_cast<double>(ResidentKiB(running.init_pid)) / 1024;
  bench.End();
  std::printf("resident: %.2f MiB after a boot with a token, %.2f MiB after %d requests (goal 3): ratios to the goal %.2f, %.2f\n",
              booted, served, kRequests, booted / 3, served / 3);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string init = argc > 1 ? argv[1] : "flyd/init/init";
  const std::string path = fs::absolute(init).string();
  const double size = static_cast<double>(fs::file_size(path)) / (1 << 20);
  std::printf("binary: %.2f MiB (goal 3): ratio to the goal %.2f\n", size, size / 3);
  Bench bench(path);
  MeasureBoots(bench);
  MeasureStarts(bench);
  MeasureMemory(bench);
}
