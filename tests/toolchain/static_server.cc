// A static program with what init needs: a Unix socket with Asio, a request parsed by Beast, JSON, Abseil.
// Prints the answer that it gave itself.

#include <iostream>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

absl::StatusOr<std::string> Answer() {
  asio::io_context context;
  asio::local::stream_protocol::socket client(context), server(context);
  asio::local::connect_pair(client, server);
  asio::write(client, asio::buffer(std::string("POST /boot HTTP/1.1\r\nContent-Length: 12\r\n\r\n{\"boot\":\"7\"}")));
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::read(server, buffer, request);
  const nlohmann::json body = nlohmann::json::parse(request.body(), nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return absl::InvalidArgumentError("body: no object, want JSON");
  return absl::StrCat("boot ", body.value("boot", ""));
}

}  // namespace

int main() {
  const absl::StatusOr<std::string> answer = Answer();
  std::cout << (answer.ok() ? *answer : answer.status().ToString()) << "\n";
  return answer.ok() ? 0 : 1;
}
