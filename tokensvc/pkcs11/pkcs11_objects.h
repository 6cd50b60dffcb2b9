#ifndef TOKENSVC_PKCS11_PKCS11_OBJECTS_H_
#define TOKENSVC_PKCS11_PKCS11_OBJECTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/pkcs11/hsm.h"

struct _CK_FUNCTION_LIST;

// The key objects of a token, through one logged-in session. Where the module does not answer, the status is that of
// Pkcs11Status: IsSessionLost() tells whether to repeat the call with another session.
namespace tokensvc {

// Handle of the one private key `id`. NotFound; FailedPrecondition: there are two.
absl::StatusOr<unsigned long> FindPrivateKey(const _CK_FUNCTION_LIST& functions, unsigned long session,
                                             absl::string_view id);

// FailedPrecondition, naming the attribute: the private key could leave the HSM, could be used for more than signing, was
// not made inside, or is of another type.
absl::Status CheckPrivateKey(const _CK_FUNCTION_LIST& functions, unsigned long session, unsigned long handle,
                             absl::string_view id, HsmKeyType type);

// SubjectPublicKeyInfo of the public object `id`, DER.
absl::StatusOr<std::string> ReadPublicKey(const _CK_FUNCTION_LIST& functions, unsigned long session,
                                          absl::string_view id, HsmKeyType type);

// Removes public objects `id`: what an interrupted generation leaves.
absl::Status DestroyPublicKeys(const _CK_FUNCTION_LIST& functions, unsigned long session, absl::string_view id);

// C_GenerateKeyPair with the attributes that CheckPrivateKey wants.
absl::Status GenerateKeyPair(const _CK_FUNCTION_LIST& functions, unsigned long session, absl::string_view id,
                             HsmKeyType type);

}  // namespace tokensvc

#endif  // TOKENSVC_PKCS11_PKCS11_OBJECTS_H_
