#include "tokensvc/signer/signerd_config.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/signer/v1/config.pb.h"
#include "tokensvc/rpc/config_file.h"

namespace tokensvc {
namespace {

constexpr uint32_t kMaxSessions = 256;

// SubjectPublicKeyInfo, DER, of the PEM public key in the file.
absl::StatusOr<std::string> ReadPublicKey(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  uint8_t* der = nullptr;
  const int size = key == nullptr ? -1 : i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return absl::InvalidArgumentError(absl::StrCat(path, ": no key found, want a public key in PEM"));
  std::string spki(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return spki;
}

absl::Status Check(const ConfigFile& file, const SignerdConfig& config) {
  const std::pair<const char*, const std::string&> required[] = {
      {"fleet", config.fleet},
      {"listen", config.listen},
      {"tls.certificate_file", config.tls.certificate_file},
      {"tls.private_key_file", config.tls.private_key_file},
      {"tls.ca_file", config.tls.ca_file},
      {"hsm.module", config.hsm.module},
      {"hsm.token_label", config.hsm.token_label},
      {"hsm.pin_file", config.hsm.pin_file},
      {"fleetd", config.fleetd},
      {"data_dir", config.data_dir},
  };
  for (const auto& [field, value] : required) {
    if (value.empty()) return file.Bad(field, "missing, want a value");
  }
  if (absl::Status tls = CheckTlsFiles(config.tls); !tls.ok()) return file.Bad("tls", tls.message());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SignerdConfig> ReadSignerdConfig(const std::string& path) {
  fly::signer::v1::SignerdConfig proto;
  absl::StatusOr<ConfigFile> file = ConfigFile::Read(path, proto);
  if (!file.ok()) return file.status();
  const uint32_t sessions = proto.hsm().sessions() == 0 ? 1 : proto.hsm().sessions();
  if (sessions > kMaxSessions) return file->Bad("hsm.sessions", absl::StrCat(sessions, ", want 1..", kMaxSessions));
  SignerdConfig config{
      .fleet = proto.fleet(),
      .listen = proto.listen(),
      .tls = {proto.tls().certificate_file(), proto.tls().private_key_file(), proto.tls().ca_file()},
      .hsm = {.module = proto.hsm().module(),
              .token_label = proto.hsm().token_label(),
              .pin_file = proto.hsm().pin_file(),
              .sessions = static_cast<int>(sessions)},
      .fleetd = proto.fleetd(),
      .fleet_key_spki = "",
      .data_dir = proto.data_dir(),
      .ready_file = proto.ready_file(),
      .require_synchronized_clock = proto.require_synchronized_clock(),
      .key_group = proto.key_group().empty() ? "default" : proto.key_group()};
  if (absl::Status good = Check(*file, config); !good.ok()) return good;
  absl::StatusOr<std::string> spki = ReadPublicKey(proto.fleet_key_file());
  if (!spki.ok()) return file->Bad("fleet_key_file", spki.status().message());
  config.fleet_key_spki = *std::move(spki);
  return config;
}

}  // namespace tokensvc
