#include "flyd/init/workload/workload_hold.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace flyd {
namespace {

struct CloseFile {
  void operator()(FILE* file) const { fclose(file); }
  void operator()(DIR* directory) const { closedir(directory); }
};

// The letter of /proc/PID/stat behind the name, which may hold anything; 0 where the process is gone.
char StateOf(pid_t pid) {
  const std::unique_ptr<FILE, CloseFile> file(fopen(absl::StrCat("/proc/", pid, "/stat").c_str(), "re"));
  char line[512];
  if (file == nullptr || fgets(line, sizeof line, file.get()) == nullptr) return 0;
  const char* name_end = strrchr(line, ')');
  return name_end != nullptr && name_end[1] == ' ' ? name_end[2] : 0;
}

std::set<pid_t> Processes() {
  std::set<pid_t> pids;
  const std::unique_ptr<DIR, CloseFile> proc(opendir("/proc"));
  if (proc == nullptr) return pids;
  while (const dirent* entry = readdir(proc.get())) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry->d_name, &pid) && pid != getpid()) pids.insert(pid);
  }
  return pids;
}

}  // namespace

void WorkloadHold::Hold() {
  if (held_) return;
  held_ = true;
  if (by_ == By::kRunner) return;
  stopped_before_.clear();
  for (const pid_t pid : Processes()) {
    if (StateOf(pid) == 'T') stopped_before_.insert(pid);
  }
  kill(-1, SIGSTOP);
}

void WorkloadHold::Release() {
  if (!held_) return;
  held_ = false;
  if (by_ == By::kRunner) return;
  if (stopped_before_.empty()) {
    kill(-1, SIGCONT);
    return;
  }
  for (const pid_t pid : Processes()) {
    if (stopped_before_.count(pid) == 0) kill(pid, SIGCONT);
  }
}

}  // namespace flyd
