#include "tokensvc/macaroon/boot/worker_root_key.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "openssl/digest.h"
#include "openssl/hkdf.h"
#include "tokensvc/limits.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

constexpr char kVersion = 1;
constexpr size_t kHeaderBytes = 5;  // version, epoch
constexpr absl::string_view kSalt = "flyd-macaroon-root-v1";

const uint8_t* Bytes(absl::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

absl::Status CheckWorker(absl::string_view worker) {
  bool named = !worker.empty() && worker.size() <= kMaxWorkerNameBytes;
  for (const char c : worker) named = named && (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-');
  if (named) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("kid: a worker name of ", worker.size(), " bytes, want [a-z0-9-]{1,", kMaxWorkerNameBytes, "}"));
}

}  // namespace

absl::StatusOr<std::string> EncodeWorkerKid(const WorkerKid& kid) {
  if (absl::Status named = CheckWorker(kid.worker); !named.ok()) return named;
  std::string bytes(1, kVersion);
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(kid.key_epoch >> shift));
  return bytes + kid.worker;
}

absl::StatusOr<WorkerKid> DecodeWorkerKid(absl::string_view bytes) {
  if (bytes.size() <= kHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat("kid: ", bytes.size(), " bytes, want more than ", kHeaderBytes));
  }
  if (bytes[0] != kVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("kid: version ", static_cast<uint8_t>(bytes[0]), ", want ", static_cast<int>(kVersion)));
  }
  WorkerKid kid;
  for (const char c : bytes.substr(1, 4)) kid.key_epoch = kid.key_epoch << 8 | static_cast<uint8_t>(c);
  kid.worker = std::string(bytes.substr(kHeaderBytes));
  if (absl::Status named = CheckWorker(kid.worker); !named.ok()) return named;
  return kid;
}

absl::StatusOr<storage::SecretBytes> DeriveWorkerRootKey(const storage::SecretBytes& fleet_macaroon_key,
                                                         absl::string_view kid) {
  if (fleet_macaroon_key.size() != kRootKeyBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("fleet Macaroon key: ", fleet_macaroon_key.size(), " bytes, want ", kRootKeyBytes));
  }
  if (const absl::StatusOr<WorkerKid> decoded = DecodeWorkerKid(kid); !decoded.ok()) return decoded.status();
  const absl::string_view secret = fleet_macaroon_key.Reveal();
  std::string key(kRootKeyBytes, '\0');
  const int derived = HKDF(reinterpret_cast<uint8_t*>(key.data()), key.size(), EVP_sha256(), Bytes(secret),
                           secret.size(), Bytes(kSalt), kSalt.size(), Bytes(kid), kid.size());
  if (derived != 1) return absl::InternalError("worker root key: not derived, want 32 bytes of HKDF-SHA256");
  return storage::SecretBytes(std::move(key));
}

}  // namespace tokensvc::macaroon
