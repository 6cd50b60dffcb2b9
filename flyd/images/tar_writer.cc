#include "flyd/images/tar_writer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "flyd/images/pax_records.h"
#include "flyd/images/tar_header.h"

namespace flyd {
namespace {

constexpr size_t kBuffer = 256 * 1024;
constexpr size_t kNameField = 100;
// The largest that eleven octal digits hold.
constexpr uint64_t kMaxOctal = (uint64_t{1} << 33) - 1;

char TypeOf(TarEntry::Kind kind) {
  switch (kind) {
    case TarEntry::Kind::kFile:
      return '0';
    case TarEntry::Kind::kHardLink:
      return '1';
    case TarEntry::Kind::kSymlink:
      return '2';
    case TarEntry::Kind::kFolder:
      return '5';
  }
  return '0';
}

PaxRecords RecordsOf(const TarEntry& entry) {
  PaxRecords records;
  if (entry.path.size() > kNameField) records["path"] = entry.path;
  if (entry.target.size() > kNameField) records["linkpath"] = entry.target;
  if (entry.size > kMaxOctal) records["size"] = absl::StrCat(entry.size);
  for (const auto& [name, value] : entry.xattrs) records[absl::StrCat(kPaxXattr, name)] = value;
  return records;
}

void Put(std::string& block, size_t offset, absl::string_view bytes) {
  block.replace(offset, bytes.size(), bytes.data(), bytes.size());
}

}  // namespace

absl::Status TarWriter::Flush() {
  absl::string_view left = pending_;
  while (!left.empty()) {
    const ssize_t written = write(fd_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::UnavailableError(absl::StrCat("unpacking: ", strerror(errno), ", want room"));
    left.remove_prefix(static_cast<size_t>(written));
  }
  pending_.clear();
  return absl::OkStatus();
}

absl::Status TarWriter::Write(absl::string_view bytes) {
  hash_.Add(bytes);
  size_ += bytes.size();
  pending_.append(bytes.data(), bytes.size());
  return pending_.size() < kBuffer ? absl::OkStatus() : Flush();
}

absl::Status TarWriter::Pad() { return Write(std::string((kTarBlock - size_ % kTarBlock) % kTarBlock, '\0')); }

absl::Status TarWriter::WriteHeader(const TarEntry& entry, char type, uint64_t size) {
  std::string block(kTarBlock, '\0');
  Put(block, 0, absl::string_view(entry.path).substr(0, kNameField));
  Put(block, 100, absl::StrFormat("%07o", entry.mode));
  Put(block, 108, absl::StrFormat("%07o", entry.uid));
  Put(block, 116, absl::StrFormat("%07o", entry.gid));
  Put(block, 124, absl::StrFormat("%011o", std::min(size, kMaxOctal)));
  Put(block, 136, absl::StrFormat("%011o", std::min(entry.mtime, kMaxOctal)));
  Put(block, 148, "        ");
  block[156] = type;
  Put(block, 157, absl::string_view(entry.target).substr(0, kNameField));
  Put(block, 257, absl::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char byte : block) sum += static_cast<uint8_t>(byte);
  Put(block, 148, absl::StrFormat("%06o", sum) + std::string(1, '\0'));
  return Write(block);
}

absl::Status TarWriter::Begin(const TarEntry& entry) {
  if (absl::Status padded = Pad(); !padded.ok()) return padded;
  const std::string records = EncodePaxRecords(RecordsOf(entry));
  if (!records.empty()) {
    if (absl::Status head = WriteHeader({.path = "pax", .mode = 0644}, 'x', records.size()); !head.ok()) return head;
    if (absl::Status body = Write(records); !body.ok()) return body;
    if (absl::Status padded = Pad(); !padded.ok()) return padded;
  }
  return WriteHeader(entry, TypeOf(entry.kind), entry.size);
}

absl::Status TarWriter::WriteContent(absl::string_view bytes) { return Write(bytes); }

absl::Status TarWriter::Finish() {
  if (absl::Status padded = Pad(); !padded.ok()) return padded;
  if (absl::Status end = Write(std::string(2 * kTarBlock, '\0')); !end.ok()) return end;
  return Flush();
}

}  // namespace flyd
