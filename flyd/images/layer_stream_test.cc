#include "flyd/images/layer_stream.h"

#include <stdio.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flyd/images/oci_manifest.h"
#include "flyd/images/sha256_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/images/raw_tar.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::HasSubstr;
using tests::IsOkAndHolds;
using tests::StatusIs;

class LayerStreamTest : public testing::Test {
 protected:
  // All that comes out of these bytes, read `room` at a time.
  absl::StatusOr<std::string> ReadAll(const std::string& blob, LayerCompression compression, uint64_t max_bytes = 1 << 20,
                                      size_t room = 777) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(tmpfile(), &fclose);
    EXPECT_EQ(fwrite(blob.data(), 1, blob.size(), file.get()), blob.size());
    rewind(file.get());
    LayerStream stream(fileno(file.get()), compression, max_bytes);
    std::string all;
    std::string piece(room, '\0');
    for (;;) {
      absl::StatusOr<size_t> got = stream.Read(piece.data(), piece.size());
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      all.append(piece, 0, *got);
    }
    EXPECT_EQ(stream.unpacked_bytes(), all.size());
    EXPECT_EQ(stream.BlobDigest(), DigestOf(blob));
    EXPECT_EQ(stream.UnpackedDigest(), DigestOf(all));
    return all;
  }

  std::string Long() const {
    std::string text;
    for (int i = 0; i < 30000; ++i) text += std::to_string(i * 7919) + ",";
    return text;
  }
};

TEST_F(LayerStreamTest, BytesWithoutCompressionComeAsTheyAre) {
  EXPECT_THAT(ReadAll(Long(), LayerCompression::kNone), IsOkAndHolds(Long()));
  EXPECT_THAT(ReadAll("", LayerCompression::kNone), IsOkAndHolds(""));
}

TEST_F(LayerStreamTest, GzipIsDecompressed) {
  EXPECT_THAT(ReadAll(tests::Gzip(Long()), LayerCompression::kGzip), IsOkAndHolds(Long()));
}

TEST_F(LayerStreamTest, SeveralGzipFilesInOneAreReadOneAfterTheOther) {
  EXPECT_THAT(ReadAll(tests::Gzip("one") + tests::Gzip("") + tests::Gzip("two"), LayerCompression::kGzip),
              IsOkAndHolds("onetwo"));
}

TEST_F(LayerStreamTest, GzipThatIsCutAnywhereIsRefused) {
  const std::string whole = tests::Gzip("some text that is long enough");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ReadAll(whole.substr(0, size), LayerCompression::kGzip),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("gzip: ")))
        << size;
  }
}

TEST_F(LayerStreamTest, BytesBehindAGzipFileAreRefused) {
  EXPECT_THAT(ReadAll(tests::Gzip("one") + "more", LayerCompression::kGzip),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("gzip: ")));
}

TEST_F(LayerStreamTest, BytesThatAreNotGzipAreRefused) {
  EXPECT_THAT(ReadAll(Long(), LayerCompression::kGzip),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("gzip: damaged")));
}

TEST_F(LayerStreamTest, OneByteOverTheLimitIsRefused) {
  const std::string bytes(5000, 'x');
  EXPECT_THAT(ReadAll(tests::Gzip(bytes), LayerCompression::kGzip, 5000), IsOkAndHolds(bytes));
  EXPECT_THAT(ReadAll(tests::Gzip(bytes), LayerCompression::kGzip, 4999),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("over 4999 bytes")));
  EXPECT_THAT(ReadAll(bytes, LayerCompression::kNone, 4999),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("over 4999 bytes")));
}

}  // namespace
}  // namespace flyd
