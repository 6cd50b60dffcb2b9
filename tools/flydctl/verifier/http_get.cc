#include "tools/flydctl/verifier/http_get.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <chrono>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

struct Url {
  bool tls = false;
  std::string host;
  std::string port;
  std::string target;
};

std::optional<Url> ParseUrl(absl::string_view text) {
  Url url;
  url.tls = absl::StartsWith(text, "https://");
  if (!url.tls && !absl::StartsWith(text, "http://")) return std::nullopt;
  text.remove_prefix(url.tls ? 8 : 7);
  const size_t slash = text.find('/');
  const absl::string_view authority = text.substr(0, slash);
  url.target = slash == text.npos ? "/" : std::string(text.substr(slash));
  const size_t colon = authority.rfind(':');
  url.host = std::string(authority.substr(0, colon));
  url.port = colon == authority.npos ? (url.tls ? "443" : "80") : std::string(authority.substr(colon + 1));
  if (url.host.empty() || url.port.empty()) return std::nullopt;
  return url;
}

// Runs one asynchronous step to its end, bounded by the stream's own timer.
template <typename Start>
boost::system::error_code Await(asio::io_context& io, Start start) {
  boost::system::error_code result = asio::error::would_block;
  start([&result](boost::system::error_code error, auto&&...) { result = error; });
  io.restart();
  io.run();
  return result;
}

template <typename Stream>
absl::StatusOr<std::string> Exchange(asio::io_context& io, Stream& stream, const Url& url) {
  http::request<http::empty_body> request{http::verb::get, url.target, 11};
  request.set(http::field::host, absl::StrCat(url.host, ":", url.port));
  request.set(http::field::user_agent, "flydctl");
  request.set(http::field::connection, "close");
  auto error = Await(io, [&](auto done) { http::async_write(stream, request, std::move(done)); });
  if (error) return absl::UnavailableError(absl::StrCat(url.host, ": ", error.message()));
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(1 << 20);
  error = Await(io, [&](auto done) { http::async_read(stream, buffer, parser, std::move(done)); });
  if (error) return absl::UnavailableError(absl::StrCat(url.host, url.target, ": ", error.message()));
  if (parser.get().result_int() != 200) {
    return absl::FailedPreconditionError(
        absl::StrCat(url.host, url.target, ": HTTP ", parser.get().result_int(), ", want 200"));
  }
  return std::move(parser.get().body());
}

absl::StatusOr<std::string> GetTls(asio::io_context& io, beast::tcp_stream tcp_stream, const Url& url,
                                   const std::string& ca_file) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  boost::system::error_code error;
  if (ca_file.empty()) {
    context.load_verify_file("/etc/ssl/certs/ca-certificates.crt", error);
  } else {
    context.load_verify_file(ca_file, error);
  }
  if (error) return absl::InvalidArgumentError(absl::StrCat(ca_file, ": ", error.message(), ", want PEM roots"));
  context.set_verify_mode(asio::ssl::verify_peer);
  beast::ssl_stream<beast::tcp_stream> stream(std::move(tcp_stream), context);
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
  SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  error = Await(io, [&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, std::move(done)); });
  if (error) return absl::UnavailableError(absl::StrCat(url.host, ": TLS: ", error.message()));
  return Exchange(io, stream, url);
}

}  // namespace

absl::StatusOr<std::string> HttpGet(const std::string& text, const std::string& ca_file) {
  const std::optional<Url> url = ParseUrl(text);
  if (!url.has_value()) return absl::InvalidArgumentError(absl::StrCat("URL: ", text, ", want http(s)://HOST/PATH"));
  asio::io_context io;
  tcp::resolver resolver(io);
  boost::system::error_code error;
  const auto endpoints = resolver.resolve(url->host, url->port, error);
  if (error) return absl::UnavailableError(absl::StrCat(url->host, ": ", error.message()));
  beast::tcp_stream stream(io);
  stream.expires_after(std::chrono::seconds(10));
  error = Await(io, [&](auto done) { stream.async_connect(endpoints, std::move(done)); });
  if (error) return absl::UnavailableError(absl::StrCat(url->host, ":", url->port, ": ", error.message()));
  if (url->tls) return GetTls(io, std::move(stream), *url, ca_file);
  return Exchange(io, stream, *url);
}

}  // namespace tools
