#include "flyd/init/gate/locked_secret.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

TEST(LockedSecretTest, HoldsWhatItWasGiven) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{8192}}) {
    const std::string secret(size, 's');
    absl::StatusOr<LockedSecret> locked = LockedSecret::Create(secret);
    ASSERT_TRUE(locked.ok()) << locked.status();
    EXPECT_EQ(locked->Reveal(), secret);
  }
}

TEST(LockedSecretTest, MovesWithoutACopy) {
  absl::StatusOr<LockedSecret> first = LockedSecret::Create("secret");
  const char* place = first->Reveal().data();
  LockedSecret second = *std::move(first);
  EXPECT_EQ(second.Reveal().data(), place);
  LockedSecret third;
  third = std::move(second);
  EXPECT_EQ(third.Reveal(), "secret");
}

TEST(LockedSecretTest, IsAbsentFromAForkedChild) {
  absl::StatusOr<LockedSecret> secret = LockedSecret::Create("secret");
  void* page = const_cast<char*>(secret->Reveal().data());
  const pid_t child = fork();
  if (child == 0) _exit(msync(page, 1, MS_ASYNC) == 0 ? 1 : 0);  // ENOMEM: not mapped
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace flyd
