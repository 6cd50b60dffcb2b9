#include "tokensvc/signer/keys/keys_handler.h"

#include <grpcpp/grpcpp.h>

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/signer/v1/signer.grpc.pb.h"

namespace tokensvc {
namespace {

namespace pb = fly::signer::v1;

class BundleStream final : public grpc::ServerWriteReactor<pb::SignedKeyBundle> {
 public:
  explicit BundleStream(BundleBoard& board) : board_(board) {
    subscription_ = board_.Subscribe([this](const std::string& bundle) { Offer(bundle); });
  }

  void OnWriteDone(bool) override {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    WriteNewest();
  }

  void OnCancel() override {
    absl::MutexLock lock(&mu_);
    if (!std::exchange(finished_, true)) Finish(grpc::Status::OK);
  }

  void OnDone() override {
    board_.Unsubscribe(subscription_);
    delete this;
  }

 private:
  void Offer(const std::string& bundle) {
    absl::MutexLock lock(&mu_);
    newest_ = bundle;
    WriteNewest();
  }

  void WriteNewest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (writing_ || finished_ || newest_.empty()) return;
    writing_ = true;
    message_.ParseFromString(std::exchange(newest_, ""));
    StartWrite(&message_);
  }

  BundleBoard& board_;
  int subscription_ = 0;
  pb::SignedKeyBundle message_;  // being written
  absl::Mutex mu_;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  std::string newest_ ABSL_GUARDED_BY(mu_);  // not written yet; empty: nothing new
};

class KeysService final : public pb::Keys::WithCallbackMethod_WatchKeyBundle<pb::Keys::Service> {
 public:
  explicit KeysService(BundleBoard& board) : board_(board) {}

  grpc::ServerWriteReactor<pb::SignedKeyBundle>* WatchKeyBundle(grpc::CallbackServerContext*,
                                                                const pb::WatchKeyBundleRequest*) override {
    return new BundleStream(board_);
  }

 private:
  BundleBoard& board_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeKeysService(BundleBoard& board) { return std::make_unique<KeysService>(board); }

}  // namespace tokensvc
