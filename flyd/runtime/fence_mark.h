#ifndef FLYD_RUNTIME_FENCE_MARK_H_
#define FLYD_RUNTIME_FENCE_MARK_H_

#include <string>

namespace flyd {

// BootControl::MarkFenced, as the empty file `fenced` in the boot's folder. Not synced: what the host's end takes with it
// is a mark of a boot that has ended too. A folder that is gone has no mark.
void WriteFenceMark(const std::string& boot_directory, bool fenced);
bool HasFenceMark(const std::string& boot_directory);

}  // namespace flyd

#endif  // FLYD_RUNTIME_FENCE_MARK_H_
