#ifndef TESTS_IMAGES_RAW_TAR_H_
#define TESTS_IMAGES_RAW_TAR_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace tests {

// One entry of an archive as bytes that no honest tool writes. Only the checksum is always right.
struct RawEntry {
  std::string name;
  char type = '0';
  std::string content = "";
  std::string link = "";
  uint32_t mode = 0644;
  uint64_t uid = 0;
  uint64_t gid = 0;
  // In place of the content's size; what follows is the content all the same.
  std::string size_field = "";
  std::string magic = std::string("ustar\00000", 8);
  std::string prefix = "";
};

// The header block and the padded content.
std::string EncodeRawEntry(const RawEntry& entry);
// A pax extended header for the entry after it.
std::string EncodePax(std::initializer_list<std::pair<std::string, std::string>> records);
// The entries and the end mark.
std::string EncodeArchive(const std::vector<RawEntry>& entries);
inline std::string EndOfArchive() { return std::string(1024, '\0'); }

// One gzip member.
std::string Gzip(const std::string& bytes);

}  // namespace tests

#endif  // TESTS_IMAGES_RAW_TAR_H_
