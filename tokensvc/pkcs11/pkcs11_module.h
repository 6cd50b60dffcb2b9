#ifndef TOKENSVC_PKCS11_PKCS11_MODULE_H_
#define TOKENSVC_PKCS11_PKCS11_MODULE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct _CK_FUNCTION_LIST;

namespace tokensvc {

// A PKCS#11 module that is loaded and initialized with the operating system's locks, so that threads may call it.
// Finalized with the last reference. Thread-safe.
class Pkcs11Module {
 public:
  // Unavailable, naming the file: not a shared library, no C_GetFunctionList, or C_Initialize refuses.
  static absl::StatusOr<std::shared_ptr<const Pkcs11Module>> Load(const std::string& path);

  ~Pkcs11Module();
  Pkcs11Module(const Pkcs11Module&) = delete;
  Pkcs11Module& operator=(const Pkcs11Module&) = delete;

  const _CK_FUNCTION_LIST& functions() const { return *functions_; }

  // The slot whose token has the label. NotFound, naming the labels that there are.
  absl::StatusOr<unsigned long> FindSlot(absl::string_view token_label) const;

 private:
  Pkcs11Module(void* library, const _CK_FUNCTION_LIST* functions, bool finalize)
      : library_(library), functions_(functions), finalize_(finalize) {}
  void* const library_;
  const _CK_FUNCTION_LIST* const functions_;
  const bool finalize_;  // false where another part of the process had initialized it
};

// OK, or by what the caller can do: PermissionDenied (the PIN), Unavailable (everything else): `CALL: CKR 0x…, want CKR_OK`.
absl::Status Pkcs11Status(absl::string_view call, unsigned long result);

// Whether a Pkcs11Status means that the session, its login or the token behind it is gone, so that a new one may work.
bool IsSessionLost(const absl::Status& status);

}  // namespace tokensvc

#endif  // TOKENSVC_PKCS11_PKCS11_MODULE_H_
