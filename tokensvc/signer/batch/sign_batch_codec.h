#ifndef TOKENSVC_SIGNER_BATCH_SIGN_BATCH_CODEC_H_
#define TOKENSVC_SIGNER_BATCH_SIGN_BATCH_CODEC_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tokensvc/signer/rules/sign_request.h"

namespace fly::signer::v1 {
class SignBatch;
class SignBatchResult;
}  // namespace fly::signer::v1

namespace tokensvc {

// InvalidArgument: unknown fields (the bytes are some other message), or more placements or requests than a batch holds.
// Bounds of single fields are left to the rules, so that each refusal is answered and logged as a request's own.
absl::StatusOr<IncomingBatch> DecodeSignBatch(const fly::signer::v1::SignBatch& proto);

void EncodeSignOutcomes(const std::vector<SignOutcome>& outcomes, fly::signer::v1::SignBatchResult& proto);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_BATCH_SIGN_BATCH_CODEC_H_
