#include "tokensvc/issuer/bundle_client.h"

#include <grpcpp/grpcpp.h>

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/signer/v1/signer.grpc.pb.h"
#include "tokensvc/proto_canonical.h"
#include "tokensvc/rpc/server_settings.h"

namespace tokensvc {
namespace {

namespace pb = fly::signer::v1;

constexpr absl::Duration kPause = absl::Milliseconds(500);

}  // namespace

class BundleClient::Core {
 public:
  Core(const std::vector<std::string>& signers, std::shared_ptr<grpc::ChannelCredentials> credentials, Events events)
      : signers_(signers), events_(std::move(events)) {
    for (const std::string& signer : signers_) {
      grpc::ChannelArguments arguments;
      ApplyChannelSettings(arguments);
      stubs_.push_back(pb::Keys::NewStub(grpc::CreateCustomChannel(signer, credentials, arguments)));
    }
    thread_ = std::thread([this] { Watch(); });
  }

  ~Core() {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
      if (context_ != nullptr) context_->TryCancel();
    }
    thread_.join();
  }

 private:
  void Watch() {
    for (size_t next = 0;; next = (next + 1) % stubs_.size()) {
      grpc::ClientContext context;
      if (!Enter(&context)) return;
      const auto reader = stubs_[next]->WatchKeyBundle(&context, pb::WatchKeyBundleRequest());
      pb::SignedKeyBundle bundle;
      while (reader->Read(&bundle)) events_.bundle(SerializeCanonical(bundle));
      const grpc::Status status = reader->Finish();
      if (!Leave()) return;
      events_.lost(signers_[next], status.error_message());
      absl::MutexLock lock(&mu_);
      mu_.AwaitWithTimeout(absl::Condition(&stopping_), kPause);
    }
  }

  bool Enter(grpc::ClientContext* context) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    context_ = context;
    return !stopping_;
  }
  bool Leave() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    context_ = nullptr;
    return !stopping_;
  }

  const std::vector<std::string> signers_;
  const Events events_;
  std::vector<std::unique_ptr<pb::Keys::Stub>> stubs_;
  absl::Mutex mu_;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mu_) = nullptr;  // of the open stream
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

BundleClient::BundleClient(std::unique_ptr<Core> core) : core_(std::move(core)) {}
BundleClient::~BundleClient() = default;

absl::StatusOr<std::unique_ptr<BundleClient>> BundleClient::Create(const std::vector<std::string>& signers,
                                                                   const TlsFiles& tls, const std::string& fleet,
                                                                   const Clock& clock, Events events) {
  if (signers.empty()) return absl::InvalidArgumentError("signers: none, want at least one");
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      ChannelCredentials(tls, fleet, Role::kSigner, clock);
  if (!credentials.ok()) return credentials.status();
  return std::unique_ptr<BundleClient>(
      new BundleClient(std::make_unique<Core>(signers, *std::move(credentials), std::move(events))));
}

}  // namespace tokensvc
