#include "tests/signerd/soft_token.h"

#include <stdio.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <system_error>

namespace tests {
namespace {

constexpr char kShim[] = "tests/shim/libcounting_pkcs11.so";  // from the root of the runfiles
constexpr char kCountVariable[] = "FLYD_SHIM_COUNT_FILE";

}  // namespace

SoftToken::SoftToken() {
  std::filesystem::create_directories(dir() + "/tokens");
  std::ofstream(dir() + "/softhsm2.conf") << "directories.tokendir = " << dir()
                                          << "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n";
  std::ofstream(dir() + "/pin") << "1234\n";
  setenv("SOFTHSM2_CONF", (dir() + "/softhsm2.conf").c_str(), 1);
  setenv("FLYD_SHIM_MODULE", SOFTHSM2_MODULE, 1);
  setenv(kCountVariable, (dir() + "/uses").c_str(), 1);
  const int made = system(
      "softhsm2-util --init-token --free --label test --so-pin 123456 --pin 1234 >/dev/null 2>&1");
  if (made != 0) {
    fprintf(stderr, "softhsm2-util: no token made, want the package softhsm2\n");
    abort();
  }
}

tokensvc::Pkcs11TokenOptions SoftToken::options(int sessions) const {
  return {.module = std::filesystem::absolute(kShim).string(),
          .token_label = "test",
          .pin_file = dir() + "/pin",
          .sessions = sessions};
}

uint64_t SoftToken::uses() {
  std::error_code none;  // no file yet: no use yet
  const uint64_t size = std::filesystem::file_size(getenv(kCountVariable), none);
  return none ? 0 : size;
}

void SoftToken::LoseNextSession() const { std::ofstream(dir() + "/uses.lose") << "1"; }

void SoftToken::SetDead(bool dead) const {
  if (dead) {
    std::ofstream(dir() + "/uses.dead") << "1";
  } else {
    std::filesystem::remove(dir() + "/uses.dead");
  }
}

}  // namespace tests
