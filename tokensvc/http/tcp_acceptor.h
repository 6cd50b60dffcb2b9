#ifndef TOKENSVC_HTTP_TCP_ACCEPTOR_H_
#define TOKENSVC_HTTP_TCP_ACCEPTOR_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokensvc {

// Listens on "IP:PORT" or "localhost:PORT"; port 0 lets the kernel choose. InvalidArgument: not an address. Unavailable,
// naming it. For http_server.cc alone.
absl::StatusOr<boost::asio::ip::tcp::acceptor> OpenTcp(boost::asio::io_context& io, absl::string_view address);

// Where it listens, "IP:PORT".
std::string AddressOf(const boost::asio::ip::tcp::acceptor& acceptor);

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_TCP_ACCEPTOR_H_
