#include "tokensvc/issuer/issuerd_config.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/issuer/v1/config.pb.h"
#include "tokensvc/rpc/config_file.h"

namespace tokensvc {
namespace {

// The DER inside a PEM public key.
absl::StatusOr<std::string> ReadPublicKey(const std::string& path) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  text = absl::StrReplaceAll(text, {{"-----BEGIN PUBLIC KEY-----", ""}, {"-----END PUBLIC KEY-----", ""}, {"\n", ""}});
  std::string der;
  if (text.empty() || !absl::Base64Unescape(text, &der)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ", want a PEM public key"));
  }
  return der;
}

}  // namespace

absl::StatusOr<IssuerdConfig> ReadIssuerdConfig(const std::string& path) {
  fly::issuer::v1::IssuerdConfig proto;
  absl::StatusOr<ConfigFile> file = ConfigFile::Read(path, proto);
  if (!file.ok()) return file.status();
  IssuerdConfig config{.fleet = proto.fleet(),
                       .listen = proto.listen(),
                       .tls = {proto.tls().certificate_file(), proto.tls().private_key_file(), proto.tls().ca_file()},
                       .signers = {proto.signers().begin(), proto.signers().end()},
                       .data_dir = proto.data_dir(),
                       .https_certificate_file = proto.https().certificate_file(),
                       .https_private_key_file = proto.https().private_key_file(),
                       .ready_file = proto.ready_file()};
  const std::pair<const char*, const std::string&> required[] = {
      {"fleet", config.fleet}, {"listen", config.listen}, {"data_dir", config.data_dir}};
  for (const auto& [field, value] : required) {
    if (value.empty()) return file->Bad(field, "missing, want a value");
  }
  if (config.signers.empty()) return file->Bad("signers", "none, want at least one");
  if (config.https_certificate_file.empty() != config.https_private_key_file.empty()) {
    return file->Bad("https", "one of two files, want certificate_file and private_key_file");
  }
  if (absl::Status tls = CheckTlsFiles(config.tls); !tls.ok()) return file->Bad("tls", tls.message());
  if (!proto.bundle_key_file().empty()) {
    absl::StatusOr<std::string> key = ReadPublicKey(proto.bundle_key_file());
    if (!key.ok()) return file->Bad("bundle_key_file", key.status().message());
    config.bundle_key_spki = *std::move(key);
  }
  return config;
}

}  // namespace tokensvc
