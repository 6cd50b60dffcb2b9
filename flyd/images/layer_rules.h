#ifndef FLYD_IMAGES_LAYER_RULES_H_
#define FLYD_IMAGES_LAYER_RULES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/image_links.h"
#include "flyd/images/tar_entry.h"

namespace flyd {

// What the entries of an image's layers may be, over all of them: it follows the tree that they build. Not thread-safe.
//
// Refused: a path or a hard link's target that is absolute, has "..", or leads through a symbolic link that does; a name
// longer than the file system's, or deeper than the walk; ids that a machine does not have; a whiteout that names anything but one thing in its own
// folder; an extended attribute that the kernel or the overlay acts on; more entries or bytes than the limits.
//
// Neutralised, for honest images have them: set-user-id and set-group-id bits, file capabilities and SELinux labels are
// taken off. What a symbolic link says is free: it is followed inside the machine only.
class LayerRules {
 public:
  // `limits` is not owned and outlives this.
  explicit LayerRules(const ImageLimits& limits) : limits_(limits) {}

  // Checks the next entry and puts it into its plain form. FailedPrecondition: `entry NAME: found, want`.
  absl::Status Admit(TarEntry& entry);

 private:
  absl::Status Check(TarEntry& entry);
  absl::Status CheckWhiteout(const TarEntry& entry, absl::string_view name);
  absl::Status Apply(const TarEntry& entry, const std::string& resolved);
  absl::Status CountFolders(absl::string_view resolved);
  absl::Status CountEntry();
  absl::Status CountContent(uint64_t size);

  const ImageLimits limits_;
  ImageLinks links_;
  // Folders that are there, by hash; two that share one are counted once.
  absl::flat_hash_set<size_t> folders_;
  size_t entries_ = 0;
  uint64_t content_bytes_ = 0;
};

}  // namespace flyd

#endif  // FLYD_IMAGES_LAYER_RULES_H_
