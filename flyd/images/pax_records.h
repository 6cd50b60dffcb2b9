#ifndef FLYD_IMAGES_PAX_RECORDS_H_
#define FLYD_IMAGES_PAX_RECORDS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/images/tar_header.h"

namespace flyd {

// The records "LENGTH KEY=VALUE\n" of a pax extended header (POSIX.1-2001, "pax Extended Header").
using PaxRecords = std::map<std::string, std::string>;

// FailedPrecondition: a record whose length is not that of the record, or without '='.
absl::StatusOr<PaxRecords> ParsePaxRecords(absl::string_view bytes);

std::string EncodePaxRecords(const PaxRecords& records);

// Puts path, linkpath, size, uid, gid and mtime where the header has them. FailedPrecondition: a number that is none, or
// a sparse file, whose content is not what the archive holds.
absl::Status ApplyPaxRecords(const PaxRecords& records, TarHeader& header);

// What stands before the name of an extended attribute in a key.
inline constexpr absl::string_view kPaxXattr = "SCHILY.xattr.";

}  // namespace flyd

#endif  // FLYD_IMAGES_PAX_RECORDS_H_
