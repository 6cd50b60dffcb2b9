#ifndef TOKENSVC_PKCS11_HSM_H_
#define TOKENSVC_PKCS11_HSM_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tokensvc {

enum class HsmKeyType : uint8_t {
  kRsa2048 = 1,  // signs RS256: RSASSA-PKCS1-v1_5 with SHA-256
  kP256 = 2,     // signs ES256: ECDSA with SHA-256
};

// A key pair whose private half stays inside the HSM. Copies name the same key. Only an Hsm makes one.
struct HsmKey {
  std::string id;  // CKA_ID and CKA_LABEL
  HsmKeyType type = HsmKeyType::kP256;
  std::string spki_der;  // SubjectPublicKeyInfo of the public half
  // The module's number of the private object, found once; a reopened token renews it in place.
  std::shared_ptr<std::atomic<unsigned long>> handle;
};

// A call into the HSM that takes longer makes its program unready.
inline constexpr absl::Duration kMaxHsmCall = absl::Seconds(5);

// The keys of one token. Implementations are thread-safe; as many calls run side by side as the token has sessions.
class Hsm {
 public:
  virtual ~Hsm() = default;

  // The key `id`, after a check that it is what GenerateKey makes.
  //   NotFound: no such private key. FailedPrecondition: its attributes or type are not those wanted, or two have the id.
  //   Unavailable: the HSM does not answer.
  virtual absl::StatusOr<HsmKey> FindKey(absl::string_view id, HsmKeyType type) = 0;

  // Makes a key that never leaves the HSM: token object, sensitive, not extractable, SIGN only. Public objects that an
  // interrupted call left under the id are removed first. Write the id down before the call, and a crash orphans nothing.
  //   AlreadyExists: a private key has the id. Unavailable.
  virtual absl::StatusOr<HsmKey> GenerateKey(absl::string_view id, HsmKeyType type) = 0;

  // Signs a SHA-256 digest (32 bytes). RSA: 256 bytes; P-256: 64 bytes, R then S.
  // A lost session is opened again and the call repeated once. Unavailable: the HSM still does not sign.
  virtual absl::StatusOr<std::string> SignDigest(const HsmKey& key, absl::string_view sha256) = 0;

  // How long the oldest call that has not returned is under way; zero where there is none.
  virtual absl::Duration LongestCall() const = 0;
};

// FindKey, and GenerateKey where there is none.
absl::StatusOr<HsmKey> FindOrGenerateKey(Hsm& hsm, absl::string_view id, HsmKeyType type);

}  // namespace tokensvc

#endif  // TOKENSVC_PKCS11_HSM_H_
