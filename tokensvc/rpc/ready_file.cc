#include "tokensvc/rpc/ready_file.h"

#include <stdio.h>
#include <unistd.h>

#include <fstream>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace tokensvc {

absl::Status AnnounceReady(const std::string& path, const std::vector<std::pair<std::string, std::string>>& fields) {
  nlohmann::ordered_json line;
  line["event"] = "ready";
  for (const auto& [key, value] : fields) line[key] = value;
  const std::string text = line.dump() + "\n";
  if (!path.empty()) {
    const std::string temporary = absl::StrCat(path, ".", getpid());
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream << text << std::flush;
    stream.close();
    if (!stream || rename(temporary.c_str(), path.c_str()) != 0) {
      return absl::UnavailableError(absl::StrCat(path, ": not writable, want the ready file there"));
    }
  }
  if (fputs(text.c_str(), stdout) < 0 || fflush(stdout) != 0) {
    return absl::UnavailableError("standard output: not writable, want the ready line there");
  }
  return absl::OkStatus();
}

}  // namespace tokensvc
