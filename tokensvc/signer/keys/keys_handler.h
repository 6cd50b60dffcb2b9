#ifndef TOKENSVC_SIGNER_KEYS_KEYS_HANDLER_H_
#define TOKENSVC_SIGNER_KEYS_KEYS_HANDLER_H_

#include <memory>

#include "tokensvc/signer/keys/bundle_board.h"

namespace grpc {
class Service;
}

namespace tokensvc {

// fly.signer.v1.Keys: the board's bundle to each watcher, and the newest one after each change; a slow watcher misses
// those in between. `board` outlives the service.
std::unique_ptr<grpc::Service> MakeKeysService(BundleBoard& board);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_KEYS_KEYS_HANDLER_H_
