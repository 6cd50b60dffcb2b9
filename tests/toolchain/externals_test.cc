// One small use of every external library: a label that lost its headers or its library shows here first.

#include <string>

#include <CLI/CLI.hpp>
#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cap-ng.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <msgpack.hpp>
#include <nlohmann/json.hpp>
#include <p11-kit/pkcs11.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <rocksdb/version.h>
#include <seccomp.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace toolchain {
namespace {

TEST(ExternalsTest, AbseilFormats) {
  const absl::flat_hash_map<std::string, absl::StatusOr<int>> found = {{"web", 7}};
  EXPECT_EQ(absl::StrCat(*found.at("web"), " ", absl::FormatDuration(absl::Minutes(10))), "7 10m");
}

TEST(ExternalsTest, AsioRunsAndBeastParses) {
  boost::asio::io_context context;
  bool ran = false;
  boost::asio::post(context, [&ran] { ran = true; });
  context.run();
  EXPECT_TRUE(ran);

  boost::beast::http::request_parser<boost::beast::http::string_body> parser;
  boost::beast::error_code error;
  const std::string request = "POST /v1/tokens/oidc HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
  parser.put(boost::asio::buffer(request), error);
  EXPECT_FALSE(error) << error.message();
}

TEST(ExternalsTest, JsonKeepsKeysSorted) {
  EXPECT_EQ((nlohmann::json{{"sub", "m"}, {"aud", "x"}}.dump()), R"({"aud":"x","sub":"m"})");
}

TEST(ExternalsTest, CommandLineIsParsed) {
  CLI::App app;
  int count = 0;
  app.add_option("--count", count);
  app.parse("--count 3");
  EXPECT_EQ(count, 3);
}

TEST(ExternalsTest, SpdlogWritesThroughItsLibrary) {
  std::ostringstream out;
  spdlog::logger logger("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger.set_pattern("%v");
  logger.info("lease {} s", 60);
  EXPECT_EQ(out.str(), "lease 60 s\n");
}

TEST(ExternalsTest, PrometheusSerializes) {
  prometheus::Registry registry;
  prometheus::BuildCounter().Name("minted").Register(registry).Add({}).Increment();
  EXPECT_THAT(prometheus::TextSerializer().Serialize(registry.Collect()), testing::HasSubstr("minted 1"));
}

TEST(ExternalsTest, MsgpackPacks) {
  msgpack::sbuffer buffer;
  msgpack::pack(buffer, 7);
  EXPECT_EQ(std::string(buffer.data(), buffer.size()), "\x07");
}

TEST(ExternalsTest, LibrariesHaveTheVersionsOfDebian12) {
  EXPECT_EQ(grpc::Version(), "1.51.1");
  EXPECT_EQ(rocksdb::GetRocksVersionAsString(/*with_patch=*/false), "7.8");
  EXPECT_THAT(sqlite3_libversion(), testing::StartsWith("3.40."));
  EXPECT_GE(seccomp_api_get(), 1u);
  EXPECT_EQ(capng_name_to_capability("sys_admin"), 21);
  EXPECT_EQ(CRYPTOKI_VERSION_MAJOR, 2);
  EXPECT_EQ(benchmark::GetDefaultTimeUnit(), benchmark::kNanosecond);
}

}  // namespace
}  // namespace toolchain
