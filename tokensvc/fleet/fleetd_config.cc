#include "tokensvc/fleet/fleetd_config.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/fleet/v1/config.pb.h"
#include "tokensvc/rpc/config_file.h"

namespace tokensvc {
namespace {

constexpr size_t kMaxFleetBytes = 63;

bool IsFleetName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxFleetBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '-';
  });
}

bool IsAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  return colon != 0 && colon != address.npos && absl::SimpleAtoi(address.substr(colon + 1), &port) && port <= 65535;
}

// Compared byte for byte by verifiers, so nothing in it may have two forms. http is for fleets on loopback: no cloud
// takes it.
bool IsBase(absl::string_view base) {
  return (absl::StartsWith(base, "https://") || absl::StartsWith(base, "http://")) && base.back() != '/' && base.find_first_of("?# ") == base.npos;
}

std::string Quoted(absl::string_view found) { return absl::StrCat("\"", found, "\""); }

absl::Status Check(const ConfigFile& file, const FleetdConfig& config) {
  if (!IsFleetName(config.fleet)) return file.Bad("fleet", Quoted(config.fleet) + ", want 1..63 of [a-z0-9.-]");
  if (!IsAddress(config.listen)) return file.Bad("listen", Quoted(config.listen) + ", want HOST:PORT");
  if (!IsBase(config.issuer_base)) {
    return file.Bad("issuer_base", Quoted(config.issuer_base) + ", want an http(s) URL without slash at its end");
  }
  if (!IsBase(config.audience_base)) {
    return file.Bad("audience_base", Quoted(config.audience_base) + ", want an http(s) URL without slash at its end");
  }
  const std::pair<const char*, const std::string&> required[] = {
      {"tls.certificate_file", config.tls.certificate_file},
      {"tls.private_key_file", config.tls.private_key_file},
      {"tls.ca_file", config.tls.ca_file},
      {"state_dir", config.state_dir},
      {"pkcs11.module", config.pkcs11.module},
      {"pkcs11.token_label", config.pkcs11.token_label},
      {"pkcs11.pin_file", config.pkcs11.pin_file},
  };
  for (const auto& [field, value] : required) {
    if (value.empty()) return file.Bad(field, "missing, want a value");
  }
  if (absl::Status tls = CheckTlsFiles(config.tls); !tls.ok()) return file.Bad("tls", tls.message());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FleetdConfig> ReadFleetdConfig(const std::string& path) {
  fly::fleet::v1::FleetdConfig proto;
  absl::StatusOr<ConfigFile> file = ConfigFile::Read(path, proto);
  if (!file.ok()) return file.status();
  FleetdConfig config{
      .fleet = proto.fleet(),
      .listen = proto.listen(),
      .tls = {proto.tls().certificate_file(), proto.tls().private_key_file(), proto.tls().ca_file()},
      .state_dir = proto.state_dir(),
      .pkcs11 = {.module = proto.pkcs11().module(),
                 .token_label = proto.pkcs11().token_label(),
                 .pin_file = proto.pkcs11().pin_file()},
      .key_label = proto.pkcs11().key_label().empty() ? "flyd-fleet" : proto.pkcs11().key_label(),
      .issuer_base = proto.issuer_base(),
      .audience_base = proto.audience_base(),
      .public_key_file = proto.public_key_file(),
      .ready_file = proto.ready_file()};
  if (absl::Status good = Check(*file, config); !good.ok()) return good;
  return config;
}

}  // namespace tokensvc
