#include "flyd/init/machine/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;
constexpr size_t kMaxDescriptors = 3;

std::string Encode(const ChannelMessage& message) {
  const Json json = {{"kind", static_cast<int>(message.kind)}, {"id", message.id},       {"signal", message.signal},
                     {"exit_code", message.exit_code},         {"error", message.error}, {"command", message.command}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ChannelMessage Decode(const Json& json) {
  return ChannelMessage{.kind = static_cast<ChannelMessage::Kind>(json.at("kind").get<int>()),
                        .id = json.at("id").get<uint64_t>(),
                        .signal = json.at("signal").get<int>(),
                        .exit_code = json.at("exit_code").get<int>(),
                        .error = json.at("error").get<std::string>(),
                        .command = json.at("command").get<std::vector<std::string>>()};
}

std::vector<int> TakeDescriptors(msghdr& header) {
  std::vector<int> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    descriptors.resize((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(descriptors.data(), CMSG_DATA(part), descriptors.size() * sizeof(int));
  }
  return descriptors;
}

}  // namespace

absl::StatusOr<std::vector<int>> MakeChannel() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::UnavailableError(absl::StrCat("socketpair: ", strerror(errno)));
  }
  return std::vector<int>{ends[0], ends[1]};
}

absl::Status SendMessage(int channel, const ChannelMessage& message, absl::Span<const int> descriptors) {
  std::string text = Encode(message);
  if (text.size() > kMaxChannelMessage) {
    return absl::InvalidArgumentError(absl::StrCat("command: ", text.size(), " bytes, want at most ", kMaxChannelMessage));
  }
  iovec part = {text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))] = {};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size() * sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(channel, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return absl::UnavailableError(absl::StrCat("channel: ", strerror(errno)));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ReceivedMessage>> ReceiveMessage(int channel) {
  std::string text(kMaxChannelMessage, '\0');
  iovec part = {text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))];
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno != ECONNRESET) return absl::UnavailableError(absl::StrCat("channel: ", strerror(errno)));
  if (got <= 0) return std::nullopt;
  ReceivedMessage received;
  received.descriptors = TakeDescriptors(header);
  const Json json = Json::parse(text.begin(), text.begin() + got, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InternalError("channel: not JSON, want an object");
  received.message = Decode(json);
  return received;
}

}  // namespace flyd
