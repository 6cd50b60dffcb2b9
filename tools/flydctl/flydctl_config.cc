#include "tools/flydctl/flydctl_config.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace tools {
namespace {

using nlohmann::json;

// Reads members of one JSON object, and remembers what was wrong with the first bad one.
class Members {
 public:
  Members(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  void String(const char* name, std::string& out) {
    if (const json* member = Take(name)) {
      if (member->is_string()) out = member->get<std::string>();
      else Bad(name, member->type_name(), "a string");
    }
  }
  void Bool(const char* name, bool& out) {
    if (const json* member = Take(name)) {
      if (member->is_boolean()) out = member->get<bool>();
      else Bad(name, member->type_name(), "true or false");
    }
  }
  void Strings(const char* name, std::map<std::string, std::string>& out) {
    const json* member = Take(name);
    if (member == nullptr) return;
    if (!member->is_object()) return Bad(name, member->type_name(), "an object of strings");
    for (const auto& [key, value] : member->items()) {
      if (!value.is_string()) return Bad(name, value.type_name(), "an object of strings");
      out[key] = value.get<std::string>();
    }
  }
  const json* Object(const char* name) {
    const json* member = Take(name);
    if (member != nullptr && !member->is_object()) Bad(name, member->type_name(), "an object");
    return member != nullptr && member->is_object() ? member : nullptr;
  }

  absl::Status Finish() {
    for (const auto& [key, value] : object_.items()) {
      if (!taken_.contains(key)) Bad(key, "unknown member", "one that the manual names");
    }
    return status_;
  }

 private:
  const json* Take(const char* name) {
    taken_.insert(name);
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  void Bad(const std::string& name, const std::string& found, const std::string& want) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(where_, name, ": ", found, ", want ", want));
  }

  const json& object_;
  const std::string where_;
  std::set<std::string> taken_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<FlydctlConfig> ReadFlydctlConfig() {
  const char* path = std::getenv("FLYDCTL_CONFIG");
  if (path == nullptr || *path == '\0') {
    return absl::NotFoundError("FLYDCTL_CONFIG: not set, want the path of a configuration (tools/dev up makes one)");
  }
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read, want a configuration"));
  const json object = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": not JSON, want an object"));

  FlydctlConfig config;
  Members members(object, absl::StrCat(path, ": "));
  members.String("fleet", config.fleet);
  members.String("fleetd", config.fleetd);
  members.Strings("workers", config.workers);
  members.Strings("signers", config.signers);
  members.String("issuer_ca_file", config.issuer_ca_file);
  members.String("region", config.region);
  members.Bool("development", config.development);
  if (const json* tls = members.Object("tls")) {
    Members files(*tls, absl::StrCat(path, ": tls."));
    files.String("certificate_file", config.tls.certificate_file);
    files.String("private_key_file", config.tls.private_key_file);
    files.String("ca_file", config.tls.ca_file);
    if (absl::Status status = files.Finish(); !status.ok()) return status;
  }
  if (absl::Status status = members.Finish(); !status.ok()) return status;
  if (config.fleet.empty() || config.fleetd.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": fleet or fleetd is missing, want both"));
  }
  return config;
}

}  // namespace tools
