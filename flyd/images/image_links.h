#ifndef FLYD_IMAGES_IMAGE_LINKS_H_
#define FLYD_IMAGES_IMAGE_LINKS_H_

#include <cstddef>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// The symbolic links of a tree that layers build, and where a path leads through them. Paths have no leading slash and
// no "." or ".."; "" is the root. Not thread-safe.
class ImageLinks {
 public:
  // `path`'s folder with every link on the way followed, and its last name as it is. FailedPrecondition: a link on the
  // way is absolute, climbs above the root, or goes round in circles.
  absl::StatusOr<std::string> Resolve(absl::string_view path) const;

  // What stands at a resolved path from now on: a link, or something else. A folder keeps what is below it.
  void PutLink(const std::string& resolved, const std::string& target);
  void PutFolder(const std::string& resolved);
  void PutFile(const std::string& resolved);
  // Nothing is there any more, nor below.
  void Remove(const std::string& resolved);
  void RemoveBelow(const std::string& resolved);

  // Bytes that the links' names and targets take.
  size_t bytes() const { return bytes_; }

 private:
  std::map<std::string, std::string> targets_;
  size_t bytes_ = 0;
};

}  // namespace flyd

#endif  // FLYD_IMAGES_IMAGE_LINKS_H_
