#ifndef FLYD_IMAGES_TAR_ENTRY_H_
#define FLYD_IMAGES_TAR_ENTRY_H_

#include <cstdint>
#include <map>
#include <string>

namespace flyd {

// One entry of a layer, whatever form its archive has.
struct TarEntry {
  enum class Kind { kFile, kFolder, kSymlink, kHardLink };
  Kind kind = Kind::kFile;
  std::string path;
  std::string target;  // of a link
  uint32_t mode = 0;
  uint64_t uid = 0;
  uint64_t gid = 0;
  uint64_t size = 0;  // of a file's content, which follows the entry
  uint64_t mtime = 0;
  std::map<std::string, std::string> xattrs;
};

}  // namespace flyd

#endif  // FLYD_IMAGES_TAR_ENTRY_H_
