#include "tokensvc/issuer/bundle_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tokensvc {
namespace {

absl::Status Failed(const std::string& path, absl::string_view want) {
  return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno), ", want to ", want));
}

absl::Status WriteDurably(const std::string& path, absl::string_view bytes) {
  const std::string partial = absl::StrCat(path, ".new");
  const int fd = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(partial, "write it");
  const bool written = write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && fsync(fd) == 0;
  close(fd);
  if (!written) return Failed(partial, "write and sync it");
  if (std::rename(partial.c_str(), path.c_str()) != 0) return Failed(path, "put it in place");
  // The new name is durable once its folder is.
  const int folder = open(path.substr(0, path.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) close(folder);
  return synced ? absl::OkStatus() : Failed(path, "sync its folder");
}

}  // namespace

absl::StatusOr<std::unique_ptr<BundleStore>> BundleStore::Open(const std::string& folder, const std::string& fleet,
                                                               const std::string& pinned_spki, const Clock& clock) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Failed(folder, "make it");
  std::unique_ptr<BundleStore> store(new BundleStore(folder, fleet, pinned_spki, clock));
  std::ifstream file(store->path_, std::ios::binary);
  if (!file) return store;
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  absl::StatusOr<VerifiedKeyBundle> bundle = ReadKeyBundle(bytes);
  absl::MutexLock lock(&store->mu_);
  absl::Status good = bundle.ok() ? store->Check(*bundle) : bundle.status();
  if (!good.ok()) return absl::Status(good.code(), absl::StrCat(store->path_, ": ", good.message()));
  store->Serve(*std::move(bundle));
  return store;
}

absl::Status BundleStore::Check(const VerifiedKeyBundle& bundle) const {
  if (!pinned_spki_.empty() && bundle.bundle_key_spki() != pinned_spki_) {
    return absl::PermissionDeniedError("key bundle: signed by another bundle key, want the pinned one");
  }
  if (bundle.bundle().fleet != fleet_) {
    return absl::PermissionDeniedError(absl::StrCat("key bundle fleet: ", bundle.bundle().fleet, ", want ", fleet_));
  }
  const uint64_t served = bundle_ == nullptr ? 0 : bundle_->bundle().fleet_log_number;
  if (bundle.bundle().fleet_log_number < served) {
    return absl::FailedPreconditionError(
        absl::StrCat("key bundle fleet_log_number: ", bundle.bundle().fleet_log_number, ", want at least ", served));
  }
  return absl::OkStatus();
}

void BundleStore::Serve(VerifiedKeyBundle bundle) {
  pinned_spki_ = bundle.bundle_key_spki();
  bundle_ = std::make_unique<const VerifiedKeyBundle>(std::move(bundle));
  documents_ = std::make_shared<const PublicDocuments>(bundle_->bundle(), clock_.Now());
}

absl::Status BundleStore::Take(absl::string_view signed_bundle) {
  absl::StatusOr<VerifiedKeyBundle> bundle = ReadKeyBundle(signed_bundle);
  if (!bundle.ok()) return bundle.status();
  absl::MutexLock lock(&mu_);
  if (absl::Status good = Check(*bundle); !good.ok()) return good;
  Serve(*std::move(bundle));
  return WriteDurably(path_, signed_bundle);
}

std::shared_ptr<const PublicDocuments> BundleStore::Documents() {
  absl::MutexLock lock(&mu_);
  if (bundle_ != nullptr && clock_.Now() >= documents_->changes_at()) {
    documents_ = std::make_shared<const PublicDocuments>(bundle_->bundle(), clock_.Now());
  }
  return documents_;
}

}  // namespace tokensvc
