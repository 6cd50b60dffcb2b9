#include "tokensvc/http/http_server.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tests/fakes/scratch_folder.h"
#include "tokensvc/http/http_exchange.h"
#include "tokensvc/http/http_message.h"

namespace tokensvc {
namespace {

// A server whose handler answers with the request's method, target and body, or keeps what is sent to /keep.
class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() { Start({.read_timeout = absl::Milliseconds(300), .connections = 4}); }

  void Start(const HttpLimits& limits) {
    server_ = std::make_unique<HttpServer>(limits, 2, [this](std::shared_ptr<HttpExchange> exchange) { Handle(exchange); });
    EXPECT_TRUE(server_->ListenUnix("t", path(), 0600).ok());
  }

  void Handle(const std::shared_ptr<HttpExchange>& exchange) {
    if (exchange->request.target == "/keep") {
      absl::MutexLock lock(&mu_);
      kept_ = exchange;
      return;
    }
    const HttpRequest& request = exchange->request;
    exchange->Send({.content_type = "text/plain", .body = absl::StrCat(request.method, request.target, request.body)});
  }

  std::shared_ptr<HttpExchange> TakeKept() {
    absl::MutexLock lock(&mu_);
    const auto there = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return kept_ != nullptr; };  // Await holds it
    EXPECT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(10)));
    return std::move(kept_);
  }

  std::string path() const { return folder_.path() + "/s"; }

  int Connect() const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, path().data(), path().size());
    const timeval patience = {.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static void Write(int fd, const std::string& bytes) { send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // All until the server ends the connection.
  static std::string ReadAll(int fd) {
    std::string bytes;
    char part[4096];
    for (ssize_t size; (size = read(fd, part, sizeof part)) > 0;) bytes.append(part, size);
    close(fd);
    return bytes;
  }
  std::string Ask(const std::string& bytes) const {
    const int fd = Connect();
    Write(fd, bytes);
    shutdown(fd, SHUT_WR);
    return ReadAll(fd);
  }

  tests::ScratchFolder folder_;
  absl::Mutex mu_;
  std::shared_ptr<HttpExchange> kept_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, SocketIsItsOwnersAlone) {
  struct stat facts;
  ASSERT_EQ(stat(path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600);
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  const std::string answer = Ask("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb"
                                 "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
  const size_t one = answer.find("GET/1");
  const size_t two = answer.find("POST/2b");
  const size_t three = answer.find("GET/3");
  EXPECT_TRUE(one < two && two < three && three != answer.npos) << answer;
  EXPECT_FALSE(absl::StrContains(answer, "GET/4")) << answer;
}

TEST_F(HttpServerTest, HeadHasTheLengthOfGetAndNoBody) {
  const std::string answer = Ask("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(absl::StrContains(answer, "Content-Length: 8\r\n")) << answer;
  EXPECT_TRUE(absl::EndsWith(answer, "\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, ARequestThatNeverEndsIsA408) {
  const int fd = Connect();
  Write(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
  EXPECT_TRUE(absl::StartsWith(ReadAll(fd), "HTTP/1.1 408 ")) << "slow body";
}

TEST_F(HttpServerTest, AChunkedBodyOverTheLimitIsA413) {
  const std::string answer = Ask(absl::StrCat("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n",
                                              std::string(4097, 'a'), "\r\n0\r\n\r\n"));
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 413 ")) << answer;
}

TEST_F(HttpServerTest, AClientThatWaitsToBeAskedForItsBodyIsAsked) {
  const int fd = Connect();
  Write(fd, "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  const std::string asked = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string got(asked.size(), ' ');
  ASSERT_EQ(recv(fd, got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, asked);
  Write(fd, "bc");
  EXPECT_TRUE(absl::EndsWith(ReadAll(fd), "POST/abc"));
}

TEST_F(HttpServerTest, TheHostOfAnAbsoluteTargetIsNotLookedAt) {
  const std::string answer = Ask("GET HTTP://other.example/abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(absl::EndsWith(answer, "GET/abc")) << answer;
  EXPECT_TRUE(absl::EndsWith(Ask("GET http://h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET/"));
  EXPECT_TRUE(absl::EndsWith(Ask("GET http://h?q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET/?q"));
}

struct OddCase {
  const char* name;
  const char* bytes;
};

class OddRequestTest : public HttpServerTest, public testing::WithParamInterface<OddCase> {};

TEST_P(OddRequestTest, IsA400AndEndsTheConnection) {
  const std::string answer = Ask(GetParam().bytes);
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 400 ")) << answer;
  EXPECT_FALSE(absl::StrContains(answer, "200 OK")) << answer;
}

constexpr OddCase kOdd[] = {
    {"NotHttp", "hello\r\n\r\n"},
    {"BareLineFeeds", "GET / HTTP/1.1\nHost: x\n\n"},
    {"ASpaceBeforeTheColon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n"},
    {"AFoldedField", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"},
    {"ANulInAField", "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n"},
    {"ALengthAndChunks",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"ChunksAndALength",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
    {"TwoLengthsThatDiffer", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
    {"TwoEqualLengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"},
    {"ALengthList", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na"},
    {"ASignedLength", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"},
    {"AnotherTransferCoding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {"ATrailer", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: y\r\n\r\n"},
    {"AnotherVersion", "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
    {"ATruncatedHead", "GET / HTTP/1.1\r\nHost: x\r\n"},
    {"ATruncatedBody", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"},
    {"NoHost", "GET / HTTP/1.1\r\n\r\n"},
    {"TwoHosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"},
};
INSTANTIATE_TEST_SUITE_P(All, OddRequestTest, testing::ValuesIn(kOdd), [](const auto& info) { return info.param.name; });

TEST_F(HttpServerTest, ConnectionsThatSayNothingGiveWayToNewOnesTheLongestFirst) {
  int open[4];
  for (int& fd : open) {
    fd = Connect();
    Write(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
    char byte;
    ASSERT_EQ(read(fd, &byte, 1), 1);
  }
  EXPECT_TRUE(absl::StrContains(Ask("GET /5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET/5"));
  EXPECT_TRUE(absl::EndsWith(ReadAll(open[0]), "GET/1"));  // and its end
  Write(open[3], "GET /6 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(absl::EndsWith(ReadAll(open[3]), "GET/6"));
  close(open[1]);
  close(open[2]);
}

TEST_F(HttpServerTest, AHundredHalfRequestsKeepNobodyOut) {
  std::vector<int> half;
  for (int i = 0; i < 100; ++i) {
    half.push_back(Connect());
    Write(half.back(), "GET /");
  }
  EXPECT_TRUE(absl::StrContains(Ask("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET/x"));
  for (const int fd : half) close(fd);
}

TEST_F(HttpServerTest, WhoIsBeingAnsweredKeepsHisPlace) {
  std::vector<int> asking;
  std::vector<std::shared_ptr<HttpExchange>> kept;
  for (int i = 0; i < 4; ++i) {
    asking.push_back(Connect());
    Write(asking.back(), "GET /keep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    kept.push_back(TakeKept());
  }
  EXPECT_EQ(ReadAll(Connect()), "");
  for (const auto& exchange : kept) exchange->Send({.body = "kept"});
  for (const int fd : asking) EXPECT_TRUE(absl::EndsWith(ReadAll(fd), "kept"));
}

TEST_F(HttpServerTest, AnAnswerUnderAGateIsWrittenWhenTheGateReturns) {
  const int fd = Connect();
  Write(fd, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::shared_ptr<HttpExchange> exchange = TakeKept();
  char part[512];
  ssize_t size = 0;
  const absl::Status sent = exchange->SendUnder(
      [&](absl::FunctionRef<void()> write) {
        write();
        size = recv(fd, part, sizeof part, MSG_DONTWAIT);  // there already, under the caller's lock
        return absl::OkStatus();
      },
      {.content_type = "text/plain", .body = "token"});
  EXPECT_TRUE(sent.ok());
  ASSERT_GT(size, 0);
  EXPECT_TRUE(absl::EndsWith(std::string(part, size), "\r\n\r\ntoken"));
  close(fd);
}

TEST_F(HttpServerTest, AGateThatRefusesLeavesTheAnswerDueAndNothingWritten) {
  const int fd = Connect();
  Write(fd, "GET /keep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::shared_ptr<HttpExchange> exchange = TakeKept();
  const absl::Status sent =
      exchange->SendUnder([](absl::FunctionRef<void()>) { return absl::AbortedError("fenced"); }, {.body = "token"});
  EXPECT_EQ(sent.code(), absl::StatusCode::kAborted);
  exchange->Send(ErrorResponse(503, "fenced"));
  const std::string answer = ReadAll(fd);
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 503 ")) << answer;
  EXPECT_FALSE(absl::StrContains(answer, "token")) << answer;
}

TEST_F(HttpServerTest, AnAnswerThatTheSocketDoesNotTakeWholeEndsTheConnection) {
  const int fd = Connect();
  Write(fd, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::shared_ptr<HttpExchange> exchange = TakeKept();
  const absl::Status sent = exchange->SendUnder(
      [](absl::FunctionRef<void()> write) {
        write();
        return absl::OkStatus();
      },
      {.body = std::string(64 << 20, 'x')});
  EXPECT_TRUE(sent.ok());
  EXPECT_LT(ReadAll(fd).size(), size_t{64 << 20});
}

TEST_F(HttpServerTest, ALostExchangeIsA500) {
  const int fd = Connect();
  Write(fd, "GET /keep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  TakeKept().reset();
  EXPECT_TRUE(absl::StartsWith(ReadAll(fd), "HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, ClosingAListenerEndsItsConnectionsAndFreesItsTag) {
  const int fd = Connect();
  Write(fd, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::shared_ptr<HttpExchange> exchange = TakeKept();
  server_->Close("t");
  EXPECT_EQ(ReadAll(fd), "");
  exchange->Send({.body = "late"});
  ASSERT_TRUE(server_->ListenUnix("t", path(), 0600).ok());
  EXPECT_TRUE(absl::StrContains(Ask("GET /again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "GET/again"));
}

TEST_F(HttpServerTest, WhoConnectsBetweenTwoServersIsAnsweredByTheSecond) {
  server_->Close("t");
  const int kept = dup(*server_->ListenUnix("t", path(), 0600));
  server_.reset();
  const int fd = Connect();
  Write(fd, "GET /waited HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  server_ = std::make_unique<HttpServer>(HttpLimits{}, 2, [this](std::shared_ptr<HttpExchange> exchange) { Handle(exchange); });
  ASSERT_TRUE(server_->AdoptUnix("t", kept).ok());
  EXPECT_TRUE(absl::StrContains(ReadAll(fd), "GET/waited"));
}

TEST_F(HttpServerTest, OnlyASocketThatListensIsAdopted) {
  EXPECT_EQ(server_->AdoptUnix("u", Connect()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server_->AdoptUnix("u", open("/dev/null", O_RDONLY | O_CLOEXEC)).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HttpServerTest, AnExchangeThatOutlivesTheServerWritesNothing) {
  const int fd = Connect();
  Write(fd, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::shared_ptr<HttpExchange> exchange = TakeKept();
  server_.reset();
  bool wrote = false;
  const absl::Status sent = exchange->SendUnder(
      [&](absl::FunctionRef<void()> write) {
        write();
        wrote = true;
        return absl::OkStatus();
      },
      {.body = "token"});
  EXPECT_EQ(sent.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(wrote);
  exchange->Send({.body = "late"});
  EXPECT_EQ(ReadAll(fd), "");
}

}  // namespace
}  // namespace tokensvc
