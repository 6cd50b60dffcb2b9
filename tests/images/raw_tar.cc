#include "tests/images/raw_tar.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tests {
namespace {

constexpr size_t kBlock = 512;

void Put(std::string& block, size_t offset, size_t field, const std::string& bytes) {
  block.replace(offset, std::min(field, bytes.size()), bytes, 0, std::min(field, bytes.size()));
}

std::string Padded(std::string bytes) {
  bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return bytes;
}

}  // namespace

std::string EncodeRawEntry(const RawEntry& entry) {
  std::string block(kBlock, '\0');
  Put(block, 0, 100, entry.name);
  Put(block, 100, 8, absl::StrFormat("%07o", entry.mode));
  Put(block, 108, 8, absl::StrFormat("%07o", entry.uid));
  Put(block, 116, 8, absl::StrFormat("%07o", entry.gid));
  Put(block, 124, 12, entry.size_field.empty() ? absl::StrFormat("%011o", entry.content.size()) : entry.size_field);
  Put(block, 136, 12, "00000000000");
  block.replace(148, 8, 8, ' ');
  block[156] = entry.type;
  Put(block, 157, 100, entry.link);
  Put(block, 257, 8, entry.magic);
  Put(block, 345, 155, entry.prefix);
  unsigned sum = 0;
  for (const char byte : block) sum += static_cast<uint8_t>(byte);
  Put(block, 148, 8, absl::StrFormat("%06o", sum) + std::string(1, '\0'));
  return block + Padded(entry.content);
}

std::string EncodePax(std::initializer_list<std::pair<std::string, std::string>> records) {
  std::string content;
  for (const auto& [key, value] : records) {
    const std::string body = absl::StrCat(" ", key, "=", value, "\n");
    size_t length = body.size();
    while (absl::StrCat(length).size() + body.size() != length) ++length;
    absl::StrAppend(&content, length, body);
  }
  return EncodeRawEntry({.name = "pax", .type = 'x', .content = content});
}

std::string EncodeArchive(const std::vector<RawEntry>& entries) {
  std::string archive;
  for (const RawEntry& entry : entries) archive += EncodeRawEntry(entry);
  return archive + EndOfArchive();
}

std::string Gzip(const std::string& bytes) {
  z_stream deflater = {};
  deflateInit2(&deflater, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&deflater, bytes.size()), '\0');
  deflater.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  deflater.avail_in = static_cast<uInt>(bytes.size());
  deflater.next_out = reinterpret_cast<Bytef*>(out.data());
  deflater.avail_out = static_cast<uInt>(out.size());
  deflate(&deflater, Z_FINISH);
  out.resize(deflater.total_out);
  deflateEnd(&deflater);
  return out;
}

}  // namespace tests
