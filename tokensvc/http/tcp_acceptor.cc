#include "tokensvc/http/tcp_acceptor.h"

#include <boost/beast/core/error.hpp>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tokensvc {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

absl::StatusOr<tcp::endpoint> ParseAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  beast::error_code error;
  std::string host(address.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  const auto ip = asio::ip::make_address(host, error);
  if (colon == address.npos || error || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("address: ", address, ", want IP:PORT"));
  }
  return tcp::endpoint(ip, static_cast<uint16_t>(port));
}

}  // namespace

absl::StatusOr<tcp::acceptor> OpenTcp(asio::io_context& io, absl::string_view address) {
  const absl::StatusOr<tcp::endpoint> endpoint = ParseAddress(address);
  if (!endpoint.ok()) return endpoint.status();
  tcp::acceptor acceptor(io);
  beast::error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(absl::StrCat(address, ": ", error.message(), ", want to listen there"));
  return acceptor;
}

std::string AddressOf(const tcp::acceptor& acceptor) {
  const tcp::endpoint endpoint = acceptor.local_endpoint();
  return absl::StrCat(endpoint.address().to_string(), ":", endpoint.port());
}

}  // namespace tokensvc
