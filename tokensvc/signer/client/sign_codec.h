#ifndef TOKENSVC_SIGNER_CLIENT_SIGN_CODEC_H_
#define TOKENSVC_SIGNER_CLIENT_SIGN_CODEC_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tokensvc/signer/client/signer_port.h"

namespace fly::signer::v1 {
class Refusal;
class SignRequest;
class SignResult;
}  // namespace fly::signer::v1

// The worker's side of fly.signer.v1 as messages.
namespace tokensvc {

// `now` turns the deadline into the time left.
void EncodeSignRequest(uint64_t id, const SignItem& item, absl::Time now, fly::signer::v1::SignRequest& request);

// The token, or signerd's refusal as a status: reason is the RefusalCode's name, the retry delay is signerd's.
absl::StatusOr<SignedItem> DecodeSignResult(const fly::signer::v1::SignResult& result);

absl::Status RefusalStatus(const fly::signer::v1::Refusal& refusal);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_CLIENT_SIGN_CODEC_H_
