#include "tokensvc/signer/keys/bundle_board.h"

#include <utility>

namespace tokensvc {

void BundleBoard::Publish(std::string bundle) {
  absl::MutexLock lock(&mu_);
  if (bundle == bundle_) return;
  bundle_ = std::move(bundle);
  for (const auto& [id, reader] : readers_) reader(bundle_);
}

int BundleBoard::Subscribe(Reader reader) {
  absl::MutexLock lock(&mu_);
  if (!bundle_.empty()) reader(bundle_);
  readers_.emplace(next_id_, std::move(reader));
  return next_id_++;
}

void BundleBoard::Unsubscribe(int id) {
  absl::MutexLock lock(&mu_);
  readers_.erase(id);
}

}  // namespace tokensvc
