#include "flyd/runtime/runner_protocol.h"

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
using testing::HasSubstr;
using tests::StatusIs;

TEST(RunnerProtocolTest, RequestsHaveTheirFrozenForm) {
  EXPECT_EQ(EncodeControlRequest({.op = ControlRequest::Op::kSignal, .signal = 15}), "{\"op\":\"signal\",\"signal\":15}\n");
  EXPECT_EQ(EncodeControlRequest({.op = ControlRequest::Op::kExec,
                                  .exec = {.command = {"id"}, .stdin_bytes = "hi", .timeout = absl::Seconds(2)}}),
            "{\"command\":[\"id\"],\"op\":\"exec\",\"stdin\":\"aGk=\",\"timeout_ms\":2000}\n");
  EXPECT_EQ(EncodeControlRequest({.op = ControlRequest::Op::kSuspend}), "{\"op\":\"suspend\"}\n");
  EXPECT_EQ(EncodeControlRequest({.op = ControlRequest::Op::kResume}), "{\"op\":\"resume\"}\n");
}

TEST(RunnerProtocolTest, ARequestIsReadAsItWasWritten) {
  const std::string bytes("\0\xff\n", 3);
  const absl::StatusOr<ControlRequest> request = DecodeControlRequest(EncodeControlRequest(
      {.op = ControlRequest::Op::kExec, .exec = {.command = {"a", "b"}, .stdin_bytes = bytes, .timeout = absl::Seconds(2)}}));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->exec.command, ElementsAre("a", "b"));
  EXPECT_EQ(request->exec.stdin_bytes, bytes);
  EXPECT_EQ(request->exec.timeout, absl::Seconds(2));
}

TEST(RunnerProtocolTest, EveryOperationIsReadAsItWasWritten) {
  using Op = ControlRequest::Op;
  for (const Op op : {Op::kSignal, Op::kExec, Op::kSuspend, Op::kResume}) {
    const absl::StatusOr<ControlRequest> request =
        DecodeControlRequest(EncodeControlRequest({.op = op, .signal = 15, .exec = {.command = {"a"}}}));
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(request->op, op);
  }
}

TEST(RunnerProtocolTest, ARefusalIsReadAsItsStatus) {
  const absl::StatusOr<ExecResult> reply = DecodeControlReply(EncodeControlReply(absl::DeadlineExceededError("exec: late")));
  EXPECT_THAT(reply.status(), StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("exec: late")));
}

TEST(RunnerProtocolTest, AResultIsReadAsItWasWritten) {
  const std::string bytes("\0\xff", 2);
  const absl::StatusOr<ExecResult> reply = DecodeControlReply(EncodeControlReply(
      ExecResult{.exit_code = 3, .signal = 0, .stdout_bytes = bytes, .stderr_bytes = "e", .truncated = true}));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->exit_code, 3);
  EXPECT_EQ(reply->stdout_bytes, bytes);
  EXPECT_EQ(reply->stderr_bytes, "e");
  EXPECT_TRUE(reply->truncated);
}

TEST(RunnerProtocolTest, BadRequestsAreRefusedByField) {
  for (const auto& [line, word] : {std::pair{"", "request"}, {"[]", "request"}, {"{}", "op"}, {"{\"op\":\"x\"}", "op"}, {"{\"op\":7}", "op"},
                                   {"{\"op\":\"signal\"}", "signal"}, {"{\"op\":\"signal\",\"signal\":65}", "signal"},
                                   {"{\"op\":\"exec\"}", "command"}, {"{\"op\":\"exec\",\"command\":[1]}", "command"},
                                   {"{\"op\":\"exec\",\"command\":[\"a\"]}", "timeout_ms"}}) {
    EXPECT_THAT(DecodeControlRequest(line).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(word))) << line;
  }
}

TEST(RunnerProtocolTest, WhatIsNotAReplyIsInternal) {
  for (const char* line : {"", "[]", "{}", "x"}) {
    EXPECT_THAT(DecodeControlReply(line).status(), StatusIs(absl::StatusCode::kInternal));
  }
}

}  // namespace
}  // namespace flyd
