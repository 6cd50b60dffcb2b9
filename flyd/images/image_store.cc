#include "flyd/images/image_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/files/durable_file.h"
#include "flyd/images/fetch_image.h"
#include "flyd/files/open_file.h"
#include "flyd/files/remove_tree.h"
#include "flyd/images/sha256_stream.h"
#include "flyd/images/unpack_image.h"
#include "flyd/images/verified_image.h"
#include "flyd/images/image_defaults.h"

namespace flyd {
namespace {

namespace fs = std::filesystem;

constexpr char kStaging[] = "staging";
constexpr char kDefaultsFile[] = "defaults.json";

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want to make it"));
}

absl::Status Sync(const std::string& path, int (*sync)(int)) {
  const OpenFile folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open() && sync(folder.get()) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want it on the disk"));
}

// "/srv/web:1.2" is the folder /srv/web unless there is one of the whole name.
std::string LayoutFolder(const std::string& image) {
  std::error_code ignored;
  if (fs::is_directory(image, ignored)) return image;
  const size_t colon = image.rfind(':');
  return colon != std::string::npos && colon > image.rfind('/') ? image.substr(0, colon) : image;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ImageStore>> ImageStore::Open(ImageStoreOptions options) {
  std::error_code error;
  fs::create_directories(options.directory, error);
  if (error) return absl::UnavailableError(absl::StrCat(options.directory, ": ", error.message()));
  if (chmod(options.directory.c_str(), 0700) != 0) {
    return absl::UnavailableError(absl::StrCat(options.directory, ": ", strerror(errno)));
  }
  const std::string staging = absl::StrCat(options.directory, "/", kStaging);
  if (absl::Status removed = RemoveTree(staging); !removed.ok()) return removed;
  if (absl::Status made = MakeFolder(staging); !made.ok()) return made;
  if (absl::Status made = MakeFolder(absl::StrCat(options.directory, "/sha256")); !made.ok()) return made;
  return std::unique_ptr<ImageStore>(new ImageStore(std::move(options)));
}

std::string ImageStore::PlaceOf(const std::string& digest) const {
  return absl::StrCat(options_.directory, "/sha256/", HexOf(digest));
}

absl::StatusOr<StoredImage> ImageStore::Find(const std::string& digest) const {
  const std::string place = PlaceOf(digest);
  absl::StatusOr<std::string> text = ReadWholeFile(absl::StrCat(place, "/", kDefaultsFile));
  if (!text.ok()) return text.status();
  absl::StatusOr<ImageDefaults> defaults = DecodeImageDefaults(*text);
  if (!defaults.ok()) return defaults.status();
  // When it was wanted last. Where that cannot be noted, it is fetched again one day.
  (void)utimensat(AT_FDCWD, place.c_str(), nullptr, 0);
  return StoredImage{.rootfs = absl::StrCat(place, "/", kRootfs), .defaults = *std::move(defaults)};
}

absl::StatusOr<StoredImage> ImageStore::Prepare(const std::string& image, const std::string& digest) {
  if (!IsDigest(digest)) {
    return absl::FailedPreconditionError(absl::StrCat("image digest: ", digest, ", want sha256: and 64 hex digits"));
  }
  const auto free = [this, &digest]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return !building_.contains(digest); };
  {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&free));
    building_.insert(digest);
  }
  absl::StatusOr<StoredImage> stored = Find(digest);
  if (absl::IsNotFound(stored.status())) stored = Build(image, digest);
  {
    absl::MutexLock lock(&mu_);
    building_.erase(digest);
  }
  if (stored.ok()) return stored;
  return absl::Status(stored.status().code(), absl::StrCat("image ", digest, ": ", stored.status().message()));
}

absl::StatusOr<StoredImage> ImageStore::Build(const std::string& image, const std::string& digest) const {
  const std::string work = absl::StrCat(options_.directory, "/", kStaging, "/", HexOf(digest));
  const std::string tree = absl::StrCat(work, "/tree");
  absl::Status built = RemoveTree(work);
  if (built.ok()) built = MakeFolder(work);
  if (built.ok()) built = MakeFolder(tree);
  std::string layout = LayoutFolder(image);
  if (built.ok() && !absl::StartsWith(image, "/")) {
    layout = absl::StrCat(work, "/", kFetchedLayout);
    built = FetchImage(image, digest, work,
                       {.init_path = options_.init_path, .limits = options_.limits, .timeout = options_.fetch_timeout});
  }
  if (built.ok()) {
    absl::StatusOr<VerifiedImage> verified = VerifiedImage::Verify(layout, digest, options_.limits);
    built = verified.status();
    if (built.ok()) {
      built = UnpackImage(*verified, tree,
                          {.init_path = options_.init_path, .limits = options_.limits, .timeout = options_.unpack_timeout});
    }
    if (built.ok()) built = WriteFileDurably(tree, kDefaultsFile, EncodeImageDefaults(verified->config().defaults));
  }
  if (built.ok()) built = Keep(tree, digest);
  const absl::Status removed = RemoveTree(work);
  if (!built.ok()) return built;
  if (!removed.ok()) return removed;
  return Find(digest);
}

absl::StatusOr<int> ImageStore::RemoveUnused(const absl::flat_hash_set<std::string>& used, absl::Time before) {
  const std::string trash = absl::StrCat(options_.directory, "/", kStaging, "/unused");
  int removed = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(absl::StrCat(options_.directory, "/sha256"), error)) {
    const std::string digest = absl::StrCat("sha256:", entry.path().filename().string());
    struct stat info;
    if (used.contains(digest) || stat(entry.path().c_str(), &info) != 0) continue;
    if (absl::TimeFromTimespec(info.st_mtim) >= before) continue;
    {
      // Out of the store at once, so that whoever wants it now builds it anew.
      absl::MutexLock lock(&mu_);
      if (building_.contains(digest) || rename(entry.path().c_str(), trash.c_str()) != 0) continue;
    }
    if (absl::Status gone = RemoveTree(trash); !gone.ok()) return gone;
    ++removed;
  }
  if (error) return absl::UnavailableError(absl::StrCat(options_.directory, ": ", error.message(), ", want to read it"));
  return removed;
}

// All of the tree is on the disk before its name is.
absl::Status ImageStore::Keep(const std::string& built, const std::string& digest) const {
  if (absl::Status synced = Sync(built, &syncfs); !synced.ok()) return synced;
  const std::string place = PlaceOf(digest);
  if (rename(built.c_str(), place.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat(place, ": ", strerror(errno), ", want the image there"));
  }
  return Sync(absl::StrCat(options_.directory, "/sha256"), &fsync);
}

}  // namespace flyd
