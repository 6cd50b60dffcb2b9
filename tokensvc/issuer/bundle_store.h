#ifndef TOKENSVC_ISSUER_BUNDLE_STORE_H_
#define TOKENSVC_ISSUER_BUNDLE_STORE_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/clock.h"
#include "tokensvc/issuer/key_bundle_reader.h"
#include "tokensvc/issuer/public_documents.h"

namespace tokensvc {

// The last good bundle, on disk and as documents. Thread-safe.
//
// Invariant: what it serves came from a bundle that was signed by the pinned bundle key, and whose fleet log number is
// not below that of any bundle that it took before, restarts included.
class BundleStore {
 public:
  // `pinned_spki` empty: the key of the bundle on disk, or of the first one taken. Reads FOLDER/bundle if it is there;
  // makes the folder (0700) if need be. InvalidArgument, PermissionDenied: what is on disk is not what this class wrote.
  static absl::StatusOr<std::unique_ptr<BundleStore>> Open(const std::string& folder, const std::string& fleet,
                                                           const std::string& pinned_spki, const Clock& clock);

  // Checks a serialized SignedKeyBundle, keeps it durably, serves it. PermissionDenied: not the pinned key's, or another
  // fleet's. FailedPrecondition: older than what is served. Unavailable, naming the file: the disk refused; the new
  // bundle is served all the same, since its keys may already sign.
  absl::Status Take(absl::string_view signed_bundle) ABSL_LOCKS_EXCLUDED(mu_);

  // Null before the first bundle.
  std::shared_ptr<const PublicDocuments> Documents() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  BundleStore(std::string folder, std::string fleet, std::string pinned_spki, const Clock& clock)
      : path_(folder + "/bundle"), fleet_(std::move(fleet)), clock_(clock), pinned_spki_(std::move(pinned_spki)) {}

  absl::Status Check(const VerifiedKeyBundle& bundle) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Serve(VerifiedKeyBundle bundle) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string path_;
  const std::string fleet_;
  const Clock& clock_;
  absl::Mutex mu_;
  std::string pinned_spki_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<const VerifiedKeyBundle> bundle_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const PublicDocuments> documents_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_BUNDLE_STORE_H_
