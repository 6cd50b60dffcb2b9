#include "tests/guest/guest_fixture.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/boot/boot_token.h"
#include "tokensvc/macaroon/boot/worker_root_key.h"

namespace tests {
namespace {

int Connect(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const timeval patience = {.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << path;
  return fd;
}

// Until the end of the connection, or of the body that Content-Length promises.
std::string ReadAnswer(int fd) {
  std::string bytes;
  char part[4096];
  while (true) {
    const size_t head = bytes.find("\r\n\r\n");
    const size_t length = bytes.find("Content-Length: ");
    if (head != bytes.npos) {
      size_t body = 0;
      if (length < head) {
        const std::string number = bytes.substr(length + 16, bytes.find('\r', length) - length - 16);
        EXPECT_TRUE(absl::SimpleAtoi(number, &body));
      }
      if (bytes.size() >= head + 4 + body) return bytes;
    }
    const ssize_t size = read(fd, part, sizeof part);
    if (size <= 0) return bytes;
    bytes.append(part, size);
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const flyd::BootView>> TestBoots::BootOf(absl::string_view machine_id, flyd::BootUse use) {
  return use == flyd::BootUse::kMint ? registry.Present(machine_id) : registry.Last(machine_id);
}

absl::StatusOr<std::string> TestBoots::TakeBootAnswer(absl::string_view machine_id) {
  int& left = boot_answers_left[std::string(machine_id)];
  if (left == 0) return absl::AlreadyExistsError("boot: answered already, want one request");
  --left;
  return std::string("{\"boot_id\":\"b\"}");
}

absl::Status TestBoots::Release(const flyd::BootView& view, absl::FunctionRef<void()> write) {
  return registry.Release(view, write);
}

absl::Status TestBoots::ReportFromInit(const flyd::BootView&, absl::string_view type, absl::string_view detail) {
  reports.push_back(absl::StrCat(type, ":", detail));
  return absl::OkStatus();
}

absl::Status TestBoots::ReportEndFromInit(const flyd::BootView&, const flyd::BootExit& end) {
  reports.push_back(absl::StrCat("exiting:", end.exit_code, ":", end.signal, ":", end.error));
  return absl::OkStatus();
}

GuestFixture::GuestFixture() {
  gate_ = std::make_unique<flyd::GuestGate>(
      boots_, tokens_, clock_,
      flyd::GuestGate::RootKeys{{1, std::make_shared<const storage::SecretBytes>(root_key_.Duplicate())}},
      [](absl::string_view, absl::string_view, absl::string_view) {});
  server_ = std::make_unique<tokensvc::HttpServer>(
      tokensvc::HttpLimits{}, 2,
      [this](std::shared_ptr<tokensvc::HttpExchange> exchange) { gate_->Handle(std::move(exchange)); },
      [this](const std::string& machine_id, int status, const std::string& why) {
        gate_->OnMalformed(machine_id, status, why);
      });
  sockets_ = std::make_unique<flyd::HttpGuestSockets>(folder_.path(), *server_, manager_);
  for (const char* machine : {kOne, kTwo}) {
    EXPECT_THAT(sockets_->Open(machine), IsOk());
    Boot(machine);
  }
}

void GuestFixture::Boot(const std::string& machine_id) {
  const absl::StatusOr<std::string> kid = tokensvc::macaroon::EncodeWorkerKid({.worker = "w1", .key_epoch = 1});
  flyd::BootView view{.machine_id = machine_id,
                      .machine_name = "m" + machine_id.substr(0, 2),
                      .organization_id = 11,
                      .organization_slug = "acme",
                      .app_id = 22,
                      .app_name = "web",
                      .region = "yyz",
                      .boot_id = absl::StrFormat("%032d", ++boots_made_),
                      .version = "01HTGGC1TZ2JHK83J4AC0R3VET",
                      .image = "host",
                      .image_digest = "sha256:00",
                      .generation = 1,
                      .placement = "placement",
                      .placement_sha256 = std::string(32, 'p'),
                      .macaroon_kid = *kid,
                      .macaroon_rnd = absl::StrFormat("%016d", boots_made_)};
  const absl::StatusOr<std::string> macaroon = tokensvc::macaroon::MintBootToken(
      root_key_, {.kid = *kid, .rnd = view.macaroon_rnd, .organization_id = 11, .app_id = 22, .machine_id = machine_id});
  ASSERT_THAT(macaroon, IsOk());
  macaroons_[machine_id] = *macaroon;
  boots_.boot_answers_left[machine_id] = 1;
  boots_.registry.Publish(std::move(view));
}

GuestAnswer GuestFixture::Exchange(const std::string& machine_id, const std::string& bytes) const {
  const int fd = Connect(absl::StrCat(folder_.path(), "/m/", machine_id, "/guest/api.sock"));
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t size = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) break;  // refused before the end: the answer says why
    sent += size;
  }
  const std::string text = ReadAnswer(fd);
  close(fd);
  GuestAnswer answer;
  const size_t end = text.find("\r\n\r\n");
  if (end == text.npos || !absl::SimpleAtoi(text.substr(9, 3), &answer.status)) return answer;
  answer.head = text.substr(0, end);
  answer.body = text.substr(end + 4);
  return answer;
}

GuestAnswer GuestFixture::Post(const std::string& machine_id, const std::string& headers, const std::string& body,
                               const std::string& target) const {
  return Exchange(machine_id, absl::StrCat("POST ", target, " HTTP/1.1\r\nHost: x\r\n", headers,
                                           "Content-Length: ", body.size(), "\r\n\r\n", body));
}

storage::LedgerRow GuestFixture::NewestRow() const {
  const auto rows = ledger_.Newest("", 1);
  if (rows.ok() && rows->size() == 1) return (*rows)[0];
  ADD_FAILURE() << "the ledger has no row";
  return {};
}

}  // namespace tests
