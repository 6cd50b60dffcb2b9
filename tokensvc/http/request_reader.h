#ifndef TOKENSVC_HTTP_REQUEST_READER_H_
#define TOKENSVC_HTTP_REQUEST_READER_H_

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/http/http_limits.h"
#include "tokensvc/http/http_message.h"
#include "tokensvc/http/http_strictness.h"
#include "tokensvc/http/read_timer.h"

// How requests are read here, by flyd's and issuerd's server and by PID 1 alike: what one of them refuses the other does too.
namespace tokensvc {

struct ReadResult {
  static constexpr int kGone = -1;
  int refused = 0;  // 0: `request` stands. kGone: nobody is there any more. Else the status to end the connection with.
  HttpRequest request = {};
  bool keep_alive = false;
};

namespace http_reading {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Message = http::request<http::string_body>;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

inline int StatusOf(const boost::system::error_code& error, bool expired) {
  if (error == asio::error::connection_reset) return ReadResult::kGone;
  if (expired) return 408;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  return 400;
}

inline size_t CountFields(const Message& message) {
  return static_cast<size_t>(std::distance(message.begin(), message.end()));
}

inline HttpRequest Take(Message&& message) {
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = OriginForm(std::string(message.target()));
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

}  // namespace http_reading

// Reads one request, of which `buffer` may hold the beginning, or more than one. `lowest` is the stream's basic_stream, on
// whose strand this runs. The head is read whole before the parser sees it, since the parser neither counts the request line
// nor tells folded fields. A trailer is refused: the parser would make a header of it.
template <typename Stream, typename Lowest>
boost::asio::awaitable<ReadResult> ReadRequest(Stream& stream, Lowest& lowest, boost::beast::flat_buffer& buffer,
                                               const HttpLimits& limits) {
  namespace asio = boost::asio;
  namespace http = boost::beast::http;
  constexpr auto kAwait = http_reading::kAwait;
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);
  const ReadTimer<Lowest> timer(lowest, absl::ToChronoNanoseconds(limits.read_timeout));
  while (true) {
    const absl::string_view bytes(static_cast<const char*>(buffer.cdata().data()), buffer.size());
    const size_t end = bytes.find("\r\n\r\n");
    const size_t head = end == bytes.npos ? bytes.size() : end + 4;
    if (head > limits.header_bytes) co_return ReadResult{.refused = 431};
    if (end != bytes.npos && !HasNoFoldedField(bytes.substr(0, end))) co_return ReadResult{.refused = 400};
    if (end != bytes.npos) break;
    const auto [error, size] = co_await stream.async_read_some(buffer.prepare(4096), kAwait);
    if (error) co_return ReadResult{.refused = http_reading::StatusOf(error, timer.expired())};
    buffer.commit(size);
  }
  const auto [head_error, head_size] = co_await http::async_read_header(stream, buffer, parser, kAwait);
  if (head_error) co_return ReadResult{.refused = http_reading::StatusOf(head_error, timer.expired())};
  const size_t fields = http_reading::CountFields(parser.get());
  if (absl::EqualsIgnoreCase(std::string(parser.get()[http::field::expect]), "100-continue") && !parser.is_done() &&
      buffer.size() == 0) {
    const asio::const_buffer go_on = asio::buffer(http_reading::kContinue.data(), http_reading::kContinue.size());
    const auto [error, sent] = co_await asio::async_write(stream, go_on, kAwait);
    if (error) co_return ReadResult{.refused = ReadResult::kGone};
  }
  const auto [body_error, body_size] = co_await http::async_read(stream, buffer, parser, kAwait);
  if (body_error) co_return ReadResult{.refused = http_reading::StatusOf(body_error, timer.expired())};
  if (http_reading::CountFields(parser.get()) != fields) co_return ReadResult{.refused = 400};
  ReadResult read{.keep_alive = parser.get().keep_alive() && parser.get().version() == 11};
  read.request = http_reading::Take(parser.release());
  if (!HasOneFraming(read.request)) read.refused = 400;
  co_return read;
}

// Writes the last answer of a connection, and reads for a moment what the client still sends: else the kernel would reset
// the connection under the answer.
template <typename Stream, typename Lowest>
boost::asio::awaitable<void> EndWith(Stream& stream, Lowest& lowest, const std::string& answer) {
  constexpr auto kAwait = http_reading::kAwait;
  lowest.expires_after(std::chrono::seconds(1));
  co_await boost::asio::async_write(stream, boost::asio::buffer(answer), kAwait);
  std::string rest(4096, '\0');
  for (int i = 0; i < 64; ++i) {
    const auto [done, size] = co_await stream.async_read_some(boost::asio::buffer(rest), kAwait);
    if (done) break;
  }
}

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_REQUEST_READER_H_
