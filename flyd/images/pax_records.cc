#include "flyd/images/pax_records.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

absl::Status Wrong(absl::string_view found) {
  return absl::FailedPreconditionError(absl::StrCat("tar: an extended header with ", found, ", want none"));
}

bool IsDecimal(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

absl::Status ApplyNumber(const PaxRecords& records, const char* key, uint64_t& number) {
  const auto found = records.find(key);
  if (found == records.end()) return absl::OkStatus();
  if (IsDecimal(found->second) && absl::SimpleAtoi(found->second, &number)) return absl::OkStatus();
  return Wrong(absl::StrCat("a ", key, " that is no number"));
}

void ApplyText(const PaxRecords& records, const char* key, std::string& text) {
  const auto found = records.find(key);
  if (found != records.end() && !found->second.empty()) text = found->second;
}

}  // namespace

absl::StatusOr<PaxRecords> ParsePaxRecords(absl::string_view bytes) {
  PaxRecords records;
  while (!bytes.empty()) {
    const size_t blank = bytes.find(' ');
    size_t length = 0;
    if (blank == absl::string_view::npos || !IsDecimal(bytes.substr(0, blank)) ||
        !absl::SimpleAtoi(bytes.substr(0, blank), &length) || length <= blank + 1 || length > bytes.size() ||
        bytes[length - 1] != '\n') {
      return Wrong("a record of another length");
    }
    const absl::string_view record = bytes.substr(blank + 1, length - blank - 2);
    const size_t equals = record.find('=');
    if (equals == absl::string_view::npos || equals == 0) return Wrong("a record without key");
    records[std::string(record.substr(0, equals))] = std::string(record.substr(equals + 1));
    bytes.remove_prefix(length);
  }
  return records;
}

std::string EncodePaxRecords(const PaxRecords& records) {
  std::string encoded;
  for (const auto& [key, value] : records) {
    const std::string body = absl::StrCat(" ", key, "=", value, "\n");
    // The length counts its own digits.
    size_t length = body.size() + 1;
    while (absl::StrCat(length).size() + body.size() != length) ++length;
    absl::StrAppend(&encoded, length, body);
  }
  return encoded;
}

absl::Status ApplyPaxRecords(const PaxRecords& records, TarHeader& header) {
  for (const auto& [key, value] : records) {
    if (absl::StartsWith(key, "GNU.sparse.")) return Wrong("a sparse file");
  }
  ApplyText(records, "path", header.name);
  ApplyText(records, "linkpath", header.link);
  if (absl::Status size = ApplyNumber(records, "size", header.size); !size.ok()) return size;
  if (absl::Status uid = ApplyNumber(records, "uid", header.uid); !uid.ok()) return uid;
  if (absl::Status gid = ApplyNumber(records, "gid", header.gid); !gid.ok()) return gid;
  const auto mtime = records.find("mtime");
  if (mtime == records.end()) return absl::OkStatus();
  const absl::string_view text = mtime->second;
  // A fraction is dropped; a time before 1970 is 1970.
  if (!absl::SimpleAtoi(text.substr(0, text.find('.')), &header.mtime)) header.mtime = 0;
  return absl::OkStatus();
}

}  // namespace flyd
