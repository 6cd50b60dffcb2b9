#ifndef TOKENSVC_PKCS11_PKCS11_TOKEN_H_
#define TOKENSVC_PKCS11_PKCS11_TOKEN_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/secret_bytes.h"
#include "tokensvc/clock.h"
#include "tokensvc/pkcs11/hsm.h"
#include "tokensvc/pkcs11/pkcs11_module.h"

namespace tokensvc {

struct Pkcs11TokenOptions {
  std::string module;       // path of the PKCS#11 shared library
  std::string token_label;  // which of its tokens
  std::string pin_file;     // the user's PIN; a newline at the end is dropped
  int sessions = 1;         // calls side by side, 1..1,024
};

// One logged-in PKCS#11 token: the Hsm that every vendor's module gives. Thread-safe.
//
// Sessions are opened once and lent to one call at a time. Key handles are found once: a signature costs C_SignInit and
// C_Sign, nothing else.
//
//   absl::StatusOr<std::unique_ptr<Pkcs11Token>> token = Pkcs11Token::Open(
//       {.module = "/usr/lib/softhsm/libsofthsm2.so", .token_label = "fleet", .pin_file = "pin"}, RealClock());
//   absl::StatusOr<HsmKey> key = FindOrGenerateKey(**token, "flyd-fleet", HsmKeyType::kP256);
class Pkcs11Token final : public Hsm {
 public:
  // InvalidArgument: the PIN file is unreadable or empty, sessions out of bounds. NotFound: no token has the label.
  // PermissionDenied: the PIN is wrong. Unavailable: the module or the token. `clock` outlives the token.
  static absl::StatusOr<std::unique_ptr<Pkcs11Token>> Open(const Pkcs11TokenOptions& options, const Clock& clock);

  ~Pkcs11Token() override;

  absl::StatusOr<HsmKey> FindKey(absl::string_view id, HsmKeyType type) override;
  absl::StatusOr<HsmKey> GenerateKey(absl::string_view id, HsmKeyType type) override;
  absl::StatusOr<std::string> SignDigest(const HsmKey& key, absl::string_view sha256) override;
  absl::Duration LongestCall() const override;

 private:
  struct Session {
    unsigned long handle = 0;
    absl::Duration busy_since = absl::InfiniteDuration();  // infinite: free
  };
  using Call = absl::FunctionRef<absl::Status(unsigned long session)>;

  Pkcs11Token(std::shared_ptr<const Pkcs11Module> module, storage::SecretBytes pin, unsigned long slot,
              std::string label, const Clock& clock, int sessions);

  absl::Status OpenSessions();
  absl::Status OpenSession(Session& session) const;
  Session* Borrow() ABSL_LOCKS_EXCLUDED(mu_);
  void Return(Session* session) ABSL_LOCKS_EXCLUDED(mu_);
  bool HasFree() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !free_.empty(); }

  // `call` with a session that nobody else uses. Where the module says that the session is gone, it is opened again,
  // `renew` is called, and `call` once more.
  absl::Status WithSession(Call call, Call renew);

  const std::shared_ptr<const Pkcs11Module> module_;
  const storage::SecretBytes pin_;
  const unsigned long slot_;
  const std::string label_;
  const Clock& clock_;
  mutable absl::Mutex mu_;
  std::vector<Session> sessions_;  // its size never changes; a borrowed one belongs to its call
  std::vector<Session*> free_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tokensvc

#endif  // TOKENSVC_PKCS11_PKCS11_TOKEN_H_
