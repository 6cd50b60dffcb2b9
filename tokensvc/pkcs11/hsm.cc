#include "tokensvc/pkcs11/hsm.h"

namespace tokensvc {

absl::StatusOr<HsmKey> FindOrGenerateKey(Hsm& hsm, absl::string_view id, HsmKeyType type) {
  absl::StatusOr<HsmKey> found = hsm.FindKey(id, type);
  if (!absl::IsNotFound(found.status())) return found;
  return hsm.GenerateKey(id, type);
}

}  // namespace tokensvc
