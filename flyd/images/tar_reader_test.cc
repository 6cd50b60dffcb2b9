#include "flyd/images/tar_reader.h"

#include <stdio.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flyd/images/layer_stream.h"
#include "flyd/images/oci_manifest.h"
#include "flyd/images/tar_entry.h"
#include "flyd/images/tar_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/images/raw_tar.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::HasSubstr;
using tests::EncodeArchive;
using tests::EncodePax;
using tests::EncodeRawEntry;
using tests::EndOfArchive;
using tests::IsOk;
using tests::StatusIs;

struct Read {
  TarEntry entry;
  std::string content;
};

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

File FileOf(const std::string& bytes) {
  File file(tmpfile(), &fclose);
  EXPECT_EQ(fwrite(bytes.data(), 1, bytes.size(), file.get()), bytes.size());
  rewind(file.get());
  return file;
}

absl::StatusOr<std::vector<Read>> ReadFrom(const File& file) {
  LayerStream stream(fileno(file.get()), LayerCompression::kNone, 1 << 20);
  TarReader reader(stream);
  std::vector<Read> all;
  for (;;) {
    absl::StatusOr<std::optional<TarEntry>> entry = reader.Next();
    if (!entry.ok()) return entry.status();
    if (!entry->has_value()) return all;
    all.push_back({.entry = **entry, .content = ""});
    std::string piece(100, '\0');
    for (;;) {
      absl::StatusOr<size_t> got = reader.ReadContent(piece.data(), piece.size());
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      all.back().content.append(piece, 0, *got);
    }
  }
}

absl::StatusOr<std::vector<Read>> ReadArchive(const std::string& archive) { return ReadFrom(FileOf(archive)); }

void ExpectRefused(const std::string& archive, const std::string& words) {
  EXPECT_THAT(ReadArchive(archive).status(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(words)));
}

TEST(TarReaderTest, FilesFoldersAndLinksAreRead) {
  const absl::StatusOr<std::vector<Read>> read =
      ReadArchive(EncodeArchive({{.name = "d/", .type = '5', .mode = 0755, .uid = 1000, .gid = 7},
                                 {.name = "d/f", .content = std::string(700, 'x'), .mode = 04711},
                                 {.name = "d/s", .type = '2', .link = "f"},
                                 {.name = "d/h", .type = '1', .link = "d/f"}}));
  ASSERT_THAT(read.status(), IsOk());
  ASSERT_EQ(read->size(), 4u);
  EXPECT_EQ((*read)[0].entry.kind, TarEntry::Kind::kFolder);
  EXPECT_EQ((*read)[0].entry.uid, 1000u);
  EXPECT_EQ((*read)[0].entry.gid, 7u);
  EXPECT_EQ((*read)[1].entry.kind, TarEntry::Kind::kFile);
  EXPECT_EQ((*read)[1].entry.mode, 04711u);
  EXPECT_EQ((*read)[1].content, std::string(700, 'x'));
  EXPECT_EQ((*read)[2].entry.kind, TarEntry::Kind::kSymlink);
  EXPECT_EQ((*read)[2].entry.target, "f");
  EXPECT_EQ((*read)[3].entry.kind, TarEntry::Kind::kHardLink);
  EXPECT_EQ((*read)[3].entry.target, "d/f");
}

TEST(TarReaderTest, LongNamesComeFromEitherExtension) {
  const std::string name(300, 'n');
  const std::string target(301, 't');
  for (const std::string& before :
       {EncodePax({{"path", name}, {"linkpath", target}}),
        EncodeRawEntry({.name = "././@LongLink", .type = 'L', .content = name + '\0'}) +
            EncodeRawEntry({.name = "././@LongLink", .type = 'K', .content = target + '\0'})}) {
    const absl::StatusOr<std::vector<Read>> read =
        ReadArchive(before + EncodeRawEntry({.name = "short", .type = '2', .link = "short"}) +
                    EncodeRawEntry({.name = "next"}) + EndOfArchive());
    ASSERT_THAT(read.status(), IsOk());
    ASSERT_EQ(read->size(), 2u);
    EXPECT_EQ((*read)[0].entry.path, name);
    EXPECT_EQ((*read)[0].entry.target, target);
    EXPECT_EQ((*read)[1].entry.path, "next") << "an extension is for one entry";
  }
}

TEST(TarReaderTest, APrefixIsTheNamesBeginningInUstarOnly) {
  const absl::StatusOr<std::vector<Read>> read =
      ReadArchive(EncodeArchive({{.name = "f", .prefix = "some/where"},
                                 {.name = "g", .magic = "ustar  ", .prefix = "00000000000"}}));
  ASSERT_THAT(read.status(), IsOk());
  EXPECT_EQ((*read)[0].entry.path, "some/where/f");
  EXPECT_EQ((*read)[1].entry.path, "g");
}

TEST(TarReaderTest, ExtendedAttributesAndNumbersComeFromPax) {
  const absl::StatusOr<std::vector<Read>> read = ReadArchive(
      EncodePax({{"SCHILY.xattr.user.a", std::string("b\0=\nc", 5)}, {"uid", "65535"}, {"mtime", "1700000000.5"}}) +
      EncodeRawEntry({.name = "f"}) + EndOfArchive());
  ASSERT_THAT(read.status(), IsOk());
  EXPECT_EQ((*read)[0].entry.xattrs.at("user.a"), std::string("b\0=\nc", 5));
  EXPECT_EQ((*read)[0].entry.uid, 65535u);
  EXPECT_EQ((*read)[0].entry.mtime, 1700000000u);
}

TEST(TarReaderTest, AnArchiveWithoutEndMarkEndsWithItsBytes) {
  EXPECT_EQ(ReadArchive(EncodeRawEntry({.name = "f"}))->size(), 1u);
  EXPECT_EQ(ReadArchive("")->size(), 0u);
}

TEST(TarReaderTest, WhatIsNeitherFileFolderNorLinkIsRefusedByName) {
  const std::pair<char, const char*> kinds[] = {
      {'3', "dev/x: a character device"}, {'4', "dev/x: a block device"}, {'6', "dev/x: a pipe"},
      {'S', "dev/x: a sparse file"},      {'7', "dev/x: of an unknown"},  {'g', "dev/x: of an unknown"}};
  for (const auto& [type, words] : kinds) ExpectRefused(EncodeArchive({{.name = "dev/x", .type = type}}), words);
}

TEST(TarReaderTest, SparseFilesOfPaxAreRefused) {
  ExpectRefused(EncodePax({{"GNU.sparse.map", "0,1"}}) + EncodeRawEntry({.name = "f"}), "a sparse file");
}

TEST(TarReaderTest, AnArchiveCutAnywhereButBetweenBlocksIsRefused) {
  const std::string whole = EncodeRawEntry({.name = "f", .content = std::string(600, 'x')});
  for (size_t size = 1; size < whole.size(); ++size) {
    const absl::Status status = ReadArchive(whole.substr(0, size)).status();
    ASSERT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("cut short"))) << size;
  }
}

TEST(TarReaderTest, AHeaderWithAnyBitAlteredIsRefused) {
  const std::string whole = EncodeArchive({{.name = "f", .content = "x", .uid = 3}});
  for (size_t bit = 0; bit < 512 * 8; ++bit) {
    // The checksum's own field can say the same number in several ways.
    if (bit / 8 >= 148 && bit / 8 < 156) continue;
    std::string altered = whole;
    altered[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_THAT(ReadArchive(altered).status(), StatusIs(absl::StatusCode::kFailedPrecondition)) << "bit " << bit;
  }
}

TEST(TarReaderTest, BytesBehindTheEndMarkAreRefused) {
  EXPECT_THAT(ReadArchive(EncodeArchive({{.name = "f"}}) + std::string(9000, '\0')).status(), IsOk());
  ExpectRefused(EncodeArchive({{.name = "f"}}) + EncodeRawEntry({.name = "hidden"}), "bytes behind its end");
}

TEST(TarReaderTest, ContentOfWhatHasNoneIsRefused) {
  ExpectRefused(EncodeArchive({{.name = "l", .type = '2', .content = "x", .link = "y"}}), "1 bytes of content");
}

TEST(TarReaderTest, AnExtensionHasABound) {
  EXPECT_THAT(ReadArchive(EncodeRawEntry({.name = "x", .type = 'L', .content = std::string(4096, 'a')}) +
                          EncodeRawEntry({.name = "f"})).status(), IsOk());
  ExpectRefused(EncodeRawEntry({.name = "x", .type = 'x', .size_field = "00004000001"}), "1048577 bytes, want at most 1048576");
}

TEST(TarReaderTest, MalformedPaxRecordsAreRefused) {
  for (const char* records : {"x", "5 a=b", "99 a=b\n", "0 a=b\n", "6 ab\n", "5 =b\n", "-6 a=b\n", "6 a=b\n7"}) {
    ExpectRefused(EncodeRawEntry({.name = "p", .type = 'x', .content = records}) + EncodeRawEntry({.name = "f"}),
                  "extended header");
  }
  ExpectRefused(EncodePax({{"size", "-1"}}) + EncodeRawEntry({.name = "f"}), "a size that is no number");
}

TEST(TarReaderTest, GnusBinaryNumbersAreRead) {
  std::string size(12, '\0');
  size[0] = static_cast<char>(0x80);
  size[11] = 3;
  const absl::StatusOr<std::vector<Read>> read =
      ReadArchive(EncodeArchive({{.name = "f", .content = "abc", .size_field = size}}));
  ASSERT_THAT(read.status(), IsOk());
  EXPECT_EQ((*read)[0].content, "abc");
  size[1] = 1;  // beyond 64 bits
  ExpectRefused(EncodeArchive({{.name = "f", .size_field = size}}), "a size that is no number");
}

TEST(TarReaderTest, WhatTheWriterWritesReadsTheSame) {
  const TarEntry entries[] = {
      {.kind = TarEntry::Kind::kFolder, .path = std::string(200, 'd'), .mode = 01777, .uid = 65535, .gid = 65534, .mtime = 17},
      {.kind = TarEntry::Kind::kSymlink, .path = "l", .target = std::string(300, 't')},
      {.kind = TarEntry::Kind::kHardLink, .path = "h", .target = "f"},
      {.path = "f", .mode = 0600, .size = 5, .xattrs = {{"user.x", std::string("\0\n", 2)}, {"user.y", std::string(95, 'v')}}}};
  const File file(tmpfile(), &fclose);
  TarWriter writer(fileno(file.get()));
  for (const TarEntry& entry : entries) ASSERT_THAT(writer.Begin(entry), IsOk());
  ASSERT_THAT(writer.WriteContent("12345"), IsOk());
  ASSERT_THAT(writer.Finish(), IsOk());
  rewind(file.get());
  const absl::StatusOr<std::vector<Read>> read = ReadFrom(file);
  ASSERT_THAT(read.status(), IsOk());
  ASSERT_EQ(read->size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ((*read)[i].entry.kind, entries[i].kind);
    EXPECT_EQ((*read)[i].entry.path, entries[i].path);
    EXPECT_EQ((*read)[i].entry.target, entries[i].target);
    EXPECT_EQ((*read)[i].entry.mode, entries[i].mode);
    EXPECT_EQ((*read)[i].entry.uid, entries[i].uid);
    EXPECT_EQ((*read)[i].entry.mtime, entries[i].mtime);
    EXPECT_EQ((*read)[i].entry.xattrs, entries[i].xattrs);
  }
  EXPECT_EQ((*read)[3].content, "12345");
}

}  // namespace
}  // namespace flyd
