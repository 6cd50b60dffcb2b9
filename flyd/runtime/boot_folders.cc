#include "flyd/runtime/boot_folders.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "flyd/runtime/boot_files.h"

namespace flyd {

namespace fs = std::filesystem;

absl::StatusOr<std::vector<BootName>> ListBoots(const std::string& run_dir, absl::string_view machine_id) {
  std::vector<std::pair<fs::file_time_type, BootName>> dated;
  std::error_code error;
  const fs::path machines = absl::StrCat(run_dir, "/m");
  std::vector<fs::path> folders;
  if (!machine_id.empty()) folders.push_back(machines / std::string(machine_id));
  if (machine_id.empty()) {
    for (const fs::directory_entry& machine : fs::directory_iterator(machines, error)) folders.push_back(machine.path());
    if (error && error != std::errc::no_such_file_or_directory) return absl::UnavailableError(absl::StrCat(machines.string(), ": ", error.message()));
  }
  for (const fs::path& folder : folders) {
    std::error_code none;  // a machine without boots
    for (const fs::directory_entry& boot : fs::directory_iterator(folder / "b", none)) {
      std::error_code undated;
      const fs::file_time_type made = fs::last_write_time(boot.path() / kOrderFile, undated);
      dated.push_back({made, {folder.filename().string(), boot.path().filename().string()}});
    }
  }
  std::sort(dated.begin(), dated.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<BootName> boots;
  for (auto& [made, name] : dated) boots.push_back(std::move(name));
  return boots;
}

}  // namespace flyd
