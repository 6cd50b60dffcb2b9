#include "flyd/files/durable_file.h"
#include "flyd/runtime/boot_files.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::ElementsAre;
using tests::IsOk;
using tests::StatusIs;

TEST(BootFilesTest, AnOrderIsReadAsItWasWritten) {
  const absl::StatusOr<RunnerOrder> order = DecodeOrder(EncodeOrder({.machine_id = "148e21",
                                                                     .boot_id = "b1",
                                                                     .hostname = "m1",
                                                                     .image = "host",
                                                                     .guest_directory = "/run/guest",
                                                                     .first_host_id = 0x40000000,
                                                                     .private_network = true,
                                                                     .control_group = "/sys/fs/cgroup/x/b1",
                                                                     .limits = {.cpus = 2, .memory_bytes = 3, .pids = 4},
                                                                     .hidden_paths = {"/opt/keys"}}));
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->machine_id, "148e21");
  EXPECT_EQ(order->guest_directory, "/run/guest");
  EXPECT_EQ(order->first_host_id, 0x40000000u);
  EXPECT_TRUE(order->private_network);
  EXPECT_EQ(order->control_group, "/sys/fs/cgroup/x/b1");
  EXPECT_EQ(order->limits.cpus, 2u);
  EXPECT_EQ(order->limits.memory_bytes, 3u);
  EXPECT_EQ(order->limits.pids, 4u);
  EXPECT_THAT(order->hidden_paths, ElementsAre("/opt/keys"));
}

TEST(BootFilesTest, ARunnersRecordHasItsFrozenForm) {
  const RunnerRecord record = {.runner = {.pid = 7, .start_ticks = 1234567890123, .host_boot_id = "h"},
                               .init = {.pid = 8, .start_ticks = 9, .host_boot_id = "h"}};
  EXPECT_EQ(EncodeRunner(record),
            "{\"init\":{\"host_boot_id\":\"h\",\"pid\":8,\"start_ticks\":9},"
            "\"runner\":{\"host_boot_id\":\"h\",\"pid\":7,\"start_ticks\":1234567890123}}\n");
  EXPECT_EQ(DecodeRunner(EncodeRunner(record))->runner.start_ticks, 1234567890123u);
}

TEST(BootFilesTest, AnExitHasItsFrozenForm) {
  const BootExit exit = {.exit_code = 137, .signal = 9, .oom_killed = true, .exited_at = absl::FromUnixMillis(1700000000123),
                         .error = "x"};
  EXPECT_EQ(EncodeExit(exit),
            "{\"error\":\"x\",\"exit_code\":137,\"exited_at_unix_millis\":1700000000123,\"oom_killed\":true,\"signal\":9}\n");
  const absl::StatusOr<BootExit> read = DecodeExit(EncodeExit(exit));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->exit_code, 137);
  EXPECT_EQ(read->signal, 9);
  EXPECT_TRUE(read->oom_killed);
  EXPECT_EQ(read->exited_at, exit.exited_at);
  EXPECT_EQ(read->error, "x");
}

TEST(BootFilesTest, WhatIsNotWholeIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", "{\"runner\":7}"}) {
    EXPECT_THAT(DecodeOrder(text).status(), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
    EXPECT_THAT(DecodeRunner(text).status(), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
    EXPECT_THAT(DecodeExit(text).status(), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(BootFilesTest, AFileIsReplacedWholeAndPrivate) {
  char name[] = "/tmp/flyd-files-XXXXXX";
  const std::string place = mkdtemp(name);
  ASSERT_THAT(WriteFileDurably(place, "a", "one"), IsOk());
  ASSERT_THAT(WriteFileDurably(place, "a", "two"), IsOk());
  EXPECT_EQ(ReadWholeFile(place + "/a").value(), "two");
  EXPECT_FALSE(std::filesystem::exists(place + "/a.new"));
  struct stat info;
  ASSERT_EQ(stat((place + "/a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THAT(ReadWholeFile(place + "/b").status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(WriteFileDurably(place + "/none", "a", "x"), StatusIs(absl::StatusCode::kUnavailable));
  std::filesystem::remove_all(place);
}

}  // namespace
}  // namespace flyd
