#include "tokensvc/rpc/json_log.h"

#include <unistd.h>

#include <string>

#include <nlohmann/json.hpp>

#include "absl/time/time.h"

namespace tokensvc {
namespace {

std::string Line(absl::Time now, absl::string_view event, std::initializer_list<LogField> fields) {
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone());
  line["event"] = std::string(event);
  for (const LogField& field : fields) {
    nlohmann::ordered_json& slot = line[std::string(field.key)];
    if (const auto* text = std::get_if<absl::string_view>(&field.value)) {
      slot = std::string(*text);
    } else if (const auto* number = std::get_if<int64_t>(&field.value)) {
      slot = *number;
    } else {
      slot = std::get<bool>(field.value);
    }
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

void JsonLog::Write(absl::string_view event, std::initializer_list<LogField> fields) {
  const std::string line = Line(clock_.Now(), event, fields);
  absl::MutexLock lock(&mu_);
  absl::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace tokensvc
