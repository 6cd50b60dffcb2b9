#include "tests/fleetd/fleetd_process.h"

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
#include "tests/fakes/eventually.h"
#include "absl/time/time.h"

namespace tests {
namespace {

constexpr char kFleetd[] = "tokensvc/fleet/fleetd";  // from the root of the runfiles
constexpr char kPin[] = "1234";

std::string ReadWhole(const std::string& path) {
  std::ifstream stream(path);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

FleetdProcess::FleetdProcess(const TestFleet& fleet) : dir_(fleet.dir() + "/fleetd") {
  std::filesystem::create_directories(dir_ + "/tokens");
  std::ofstream(dir_ + "/softhsm2.conf") << "directories.tokendir = " << dir_ << "/tokens\nobjectstore.backend = file\n";
  std::ofstream(dir_ + "/pin") << kPin << "\n";
  const std::string init = absl::StrCat("SOFTHSM2_CONF=", dir_, "/softhsm2.conf softhsm2-util --init-token --free",
                                        " --label fleet --so-pin 123456 --pin ", kPin, " >/dev/null 2>&1");
  if (system(init.c_str()) != 0) abort();
  const tokensvc::TlsFiles tls = fleet.Leaf(tokensvc::Role::kFleet, "f1");
  std::ofstream(config_file()) << "fleet: \"" << fleet.name() << "\"\nlisten: \"127.0.0.1:0\"\ntls {\n"
                               << "  certificate_file: \"" << tls.certificate_file << "\"\n"
                               << "  private_key_file: \"" << tls.private_key_file << "\"\n"
                               << "  ca_file: \"" << tls.ca_file << "\"\n}\n"
                               << "state_dir: \"" << dir_ << "/state\"\n"
                               << "pkcs11 { module: \"" << SOFTHSM2_MODULE << "\" token_label: \"fleet\" pin_file: \""
                               << dir_ << "/pin\" }\n"
                               << "issuer_base: \"https://oidc.example\"\naudience_base: \"https://fly.example\"\n"
                               << "public_key_file: \"" << public_key_file() << "\"\n"
                               << "ready_file: \"" << dir_ << "/ready.json\"\n";
}

FleetdProcess::~FleetdProcess() {
  if (pid_ > 0) Stop(SIGKILL);
}

bool FleetdProcess::Start() {
  unlink((dir_ + "/ready.json").c_str());
  pid_ = fork();
  if (pid_ == 0) {
    setenv("SOFTHSM2_CONF", (dir_ + "/softhsm2.conf").c_str(), 1);
    const int log = open(log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(log, 1);
    dup2(log, 2);
    execl(kFleetd, kFleetd, "--config", config_file().c_str(), nullptr);
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

int FleetdProcess::Stop(int signal) {
  int status = 0;
  kill(pid_, signal);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string FleetdProcess::address() const {
  const std::string line = ReadWhole(dir_ + "/ready.json");
  const std::string key = "\"address\":\"";
  const size_t begin = line.find(key) + key.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

int FleetdProcess::RunOnce(const std::string& arguments, std::string& output) {
  FILE* pipe = popen(absl::StrCat(kFleetd, " ", arguments, " 2>&1").c_str(), "r");
  char chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof(chunk), pipe)) > 0;) output.append(chunk, n);
  return WEXITSTATUS(pclose(pipe));
}

}  // namespace tests
