#include "flyd/runtime/group_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "flyd/files/open_file.h"

namespace flyd {

absl::Status MakeGroup(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want to make the control group"));
}

absl::Status WriteGroupFile(const std::string& path, absl::string_view value) {
  const OpenFile file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.is_open() && write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size())) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want ", value));
}

std::optional<uint64_t> GroupNumber(absl::string_view text, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    uint64_t number = 0;
    if (absl::ConsumePrefix(&line, absl::StrCat(name, " ")) && absl::SimpleAtoi(line, &number)) return number;
  }
  return std::nullopt;
}

}  // namespace flyd
