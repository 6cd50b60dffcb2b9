#include "tests/signerd/signerd_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/fakes/eventually.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

constexpr char kSignerd[] = "tokensvc/signer/signerd";  // from the root of the runfiles

std::string ReadWhole(const std::string& path) {
  std::ifstream stream(path);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

SignerdProcess::SignerdProcess(const TestFleet& fleet, const std::string& fleetd, const std::string& fleet_key_file)
    : dir_(fleet.dir() + "/signerd") {
  std::filesystem::create_directories(dir_);
  const tokensvc::TlsFiles tls = fleet.Leaf(tokensvc::Role::kSigner, "s1");
  const tokensvc::Pkcs11TokenOptions hsm = soft_.options(2);
  std::ofstream(config_file()) << "fleet: \"" << fleet.name() << "\"\nlisten: \"127.0.0.1:0\"\ntls {\n"
                               << "  certificate_file: \"" << tls.certificate_file << "\"\n"
                               << "  private_key_file: \"" << tls.private_key_file << "\"\n"
                               << "  ca_file: \"" << tls.ca_file << "\"\n}\n"
                               << "hsm { module: \"" << hsm.module << "\" token_label: \"" << hsm.token_label
                               << "\" pin_file: \"" << hsm.pin_file << "\" sessions: 2 }\n"
                               << "fleetd: \"" << fleetd << "\"\nfleet_key_file: \"" << fleet_key_file << "\"\n"
                               << "data_dir: \"" << dir_ << "/data\"\nready_file: \"" << dir_ << "/ready.json\"\n";
}

SignerdProcess::~SignerdProcess() {
  if (pid_ > 0) Stop(SIGKILL);
}

bool SignerdProcess::Start() {
  unlink((dir_ + "/ready.json").c_str());
  pid_ = fork();
  if (pid_ == 0) {
    const int log = open((dir_ + "/signerd.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(log, 1);
    dup2(log, 2);
    execl(kSignerd, kSignerd, "--config", config_file().c_str(), nullptr);
    _exit(127);
  }
  bool ended = false;
  const bool seen = Eventually(
      [&] {
        ended = waitpid(pid_, nullptr, WNOHANG) == pid_;
        return ended || !ReadWhole(dir_ + "/ready.json").empty();
      },
      absl::Seconds(30));
  if (ended) pid_ = -1;
  return seen && !ended;
}

int SignerdProcess::Stop(int signal) {
  int status = 0;
  kill(pid_, signal);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string SignerdProcess::address() const {
  const std::string line = ReadWhole(dir_ + "/ready.json");
  const std::string key = "\"address\":\"";
  const size_t begin = line.find(key) + key.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

std::string SignerdProcess::log() const { return ReadWhole(dir_ + "/signerd.log"); }

int SignerdProcess::RunOnce(const std::string& arguments, std::string& output) {
  FILE* pipe = popen(absl::StrCat(kSignerd, " ", arguments, " 2>&1").c_str(), "r");
  char chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof(chunk), pipe)) > 0;) output.append(chunk, n);
  return WEXITSTATUS(pclose(pipe));
}

}  // namespace tests
