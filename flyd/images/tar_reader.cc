#include "flyd/images/tar_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace flyd {
namespace {

constexpr size_t kMaxQuoted = 100;

absl::Status CutShort() { return absl::FailedPreconditionError("tar: cut short, want its end"); }

absl::Status Wrong(const TarHeader& header, absl::string_view found, absl::string_view want) {
  return absl::FailedPreconditionError(
      absl::StrCat("entry ", absl::CHexEscape(header.name.substr(0, kMaxQuoted)), ": ", found, ", want ", want));
}

uint64_t PaddingOf(uint64_t size) { return (kTarBlock - size % kTarBlock) % kTarBlock; }

bool IsZero(absl::string_view bytes) { return bytes.find_first_not_of('\0') == absl::string_view::npos; }

absl::string_view NameOfType(char type) {
  switch (type) {
    case '3':
      return "a character device";
    case '4':
      return "a block device";
    case '6':
      return "a pipe";
    case 'S':
      return "a sparse file";
    default:
      return "of an unknown type";
  }
}

// Some write a file whose name ends in a slash where they mean a folder.
std::optional<TarEntry::Kind> KindOf(const TarHeader& header) {
  switch (header.type) {
    case '0':
    case '\0':
      return absl::EndsWith(header.name, "/") ? TarEntry::Kind::kFolder : TarEntry::Kind::kFile;
    case '1':
      return TarEntry::Kind::kHardLink;
    case '2':
      return TarEntry::Kind::kSymlink;
    case '5':
      return TarEntry::Kind::kFolder;
    default:
      return std::nullopt;
  }
}

}  // namespace

// False at the end of the stream, if that is between two blocks.
absl::StatusOr<bool> TarReader::ReadBlock(std::string& block) {
  block.resize(kTarBlock);
  size_t have = 0;
  while (have < kTarBlock) {
    absl::StatusOr<size_t> got = stream_.Read(block.data() + have, kTarBlock - have);
    if (!got.ok()) return got.status();
    if (*got == 0 && have == 0) return false;
    if (*got == 0) return CutShort();
    have += *got;
  }
  return true;
}

absl::StatusOr<size_t> TarReader::ReadContent(char* buffer, size_t room) {
  if (content_left_ == 0) return 0;
  absl::StatusOr<size_t> got = stream_.Read(buffer, std::min<uint64_t>(room, content_left_));
  if (!got.ok()) return got;
  if (*got == 0) return CutShort();
  content_left_ -= *got;
  return got;
}

absl::Status TarReader::Skip() {
  content_left_ += std::exchange(padding_left_, 0);
  std::array<char, 16 * 1024> ignored;
  while (content_left_ > 0) {
    if (absl::StatusOr<size_t> got = ReadContent(ignored.data(), ignored.size()); !got.ok()) return got.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TarReader::ReadExtension(const TarHeader& header) {
  if (header.size > kMaxTarExtension) {
    return absl::FailedPreconditionError(
        absl::StrCat("tar: an extended header of ", header.size, " bytes, want at most ", kMaxTarExtension));
  }
  content_left_ = header.size;
  padding_left_ = PaddingOf(header.size);
  std::string bytes(header.size, '\0');
  size_t have = 0;
  while (content_left_ > 0) {
    absl::StatusOr<size_t> got = ReadContent(bytes.data() + have, bytes.size() - have);
    if (!got.ok()) return got.status();
    have += *got;
  }
  return bytes;
}

absl::Status TarReader::TakeExtension(const TarHeader& header) {
  absl::StatusOr<std::string> bytes = ReadExtension(header);
  if (!bytes.ok()) return bytes.status();
  if (header.type == 'L') long_name_ = bytes->substr(0, bytes->find('\0'));
  if (header.type == 'K') long_link_ = bytes->substr(0, bytes->find('\0'));
  if (header.type != 'x') return absl::OkStatus();
  absl::StatusOr<PaxRecords> records = ParsePaxRecords(*bytes);
  if (!records.ok()) return records.status();
  pax_ = *std::move(records);
  return absl::OkStatus();
}

// Other readers stop at the end mark. What stands behind it is read too, for the layer's digest is over all of it.
absl::Status TarReader::ReadToTheEnd() {
  std::array<char, 16 * 1024> rest;
  for (;;) {
    absl::StatusOr<size_t> got = stream_.Read(rest.data(), rest.size());
    if (!got.ok()) return got.status();
    if (*got == 0) return absl::OkStatus();
    if (!IsZero(absl::string_view(rest.data(), *got))) {
      return absl::FailedPreconditionError("tar: bytes behind its end, want none");
    }
  }
}

absl::StatusOr<TarEntry> TarReader::ToEntry(TarHeader header) {
  if (!long_name_.empty()) header.name = std::exchange(long_name_, "");
  if (!long_link_.empty()) header.link = std::exchange(long_link_, "");
  const PaxRecords records = std::exchange(pax_, {});
  if (absl::Status applied = ApplyPaxRecords(records, header); !applied.ok()) return applied;
  const std::optional<TarEntry::Kind> kind = KindOf(header);
  if (!kind) return Wrong(header, NameOfType(header.type), "a file, a folder or a link");
  if (*kind != TarEntry::Kind::kFile && header.size != 0) {
    return Wrong(header, absl::StrCat(header.size, " bytes of content"), "a file for that");
  }
  TarEntry entry = {.kind = *kind,
                    .path = std::move(header.name),
                    .target = std::move(header.link),
                    .mode = header.mode,
                    .uid = header.uid,
                    .gid = header.gid,
                    .size = header.size,
                    .mtime = header.mtime};
  for (const auto& [key, value] : records) {
    absl::string_view name = key;
    if (absl::ConsumePrefix(&name, kPaxXattr)) entry.xattrs[std::string(name)] = value;
  }
  return entry;
}

absl::StatusOr<std::optional<TarEntry>> TarReader::Next() {
  std::string block;
  for (;;) {
    if (absl::Status skipped = Skip(); !skipped.ok()) return skipped;
    absl::StatusOr<bool> more = ReadBlock(block);
    if (!more.ok()) return more.status();
    if (!*more) return std::nullopt;
    if (IsZero(block)) {
      if (absl::Status end = ReadToTheEnd(); !end.ok()) return end;
      return std::nullopt;
    }
    absl::StatusOr<TarHeader> header = ParseTarHeader(block);
    if (!header.ok()) return header.status();
    if (header->type == 'x' || header->type == 'L' || header->type == 'K') {
      if (absl::Status taken = TakeExtension(*header); !taken.ok()) return taken;
      continue;
    }
    absl::StatusOr<TarEntry> entry = ToEntry(*std::move(header));
    if (!entry.ok()) return entry.status();
    content_left_ = entry->size;
    padding_left_ = PaddingOf(entry->size);
    return *std::move(entry);
  }
}

}  // namespace flyd
