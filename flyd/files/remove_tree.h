#ifndef FLYD_FILES_REMOVE_TREE_H_
#define FLYD_FILES_REMOVE_TREE_H_

#include <string>

#include "absl/status/status.h"

namespace flyd {

// Removes `path` and all below it, never through a link, also folders that their owner has closed to himself, as images
// have them. OK where there is nothing. Unavailable: something stays.
absl::Status RemoveTree(const std::string& path);

}  // namespace flyd

#endif  // FLYD_FILES_REMOVE_TREE_H_
