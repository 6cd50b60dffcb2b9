#ifndef TOKENSVC_SIGNER_KEYS_BUNDLE_BOARD_H_
#define TOKENSVC_SIGNER_KEYS_BUNDLE_BOARD_H_

#include <functional>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tokensvc {

// The present key bundle, and who wants to hear of the next one. Thread-safe.
class BundleBoard {
 public:
  // The bundle as it stands, serialized; never empty. Called under the board's lock: be quick, call nothing of the board.
  using Reader = std::function<void(const std::string& bundle)>;

  // Replaces the bundle and tells every reader, unless it is the same.
  void Publish(std::string bundle) ABSL_LOCKS_EXCLUDED(mu_);

  // Tells the reader of the present bundle, if there is one, and of each new one until Unsubscribe returns.
  int Subscribe(Reader reader) ABSL_LOCKS_EXCLUDED(mu_);
  void Unsubscribe(int id) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Mutex mu_;
  std::string bundle_ ABSL_GUARDED_BY(mu_);
  int next_id_ ABSL_GUARDED_BY(mu_) = 1;
  std::map<int, Reader> readers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_KEYS_BUNDLE_BOARD_H_
