#include "flyd/images/confined_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "flyd/files/open_file.h"

namespace flyd {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// How often the directory is measured while the tool runs; rarer where that itself takes long.
constexpr int kMeasureMillis = 200;
constexpr int kMeasureShare = 10;
// Of what a tool says on its standard error the end is kept.
constexpr size_t kLastWords = 500;

struct Pipe {
  OpenFile read;
  OpenFile write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  return Pipe{.read = OpenFile(ends[0]), .write = OpenFile(ends[1])};
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::StatusOr<pid_t> Spawn(const ConfinedCommand& command, int output, int errors) {
  std::vector<std::string> words = {"init", "confine", command.directory, absl::StrCat(command.max_file_bytes),
                                    command.own_network ? "own-network" : "host-network"};
  words.insert(words.end(), command.words.begin(), command.words.end());
  std::vector<std::string> variables = command.environment;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  posix_spawn_file_actions_adddup2(&files, errors, 2);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, command.init_path.c_str(), &files, &attributes, Pointers(words).data(),
                                Pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return absl::UnavailableError(absl::StrCat(command.init_path, ": ", strerror(error)));
  return pid;
}

// What the files below take on the disk. What vanishes meanwhile takes nothing.
uint64_t BytesBelow(const std::string& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator walk(directory, fs::directory_options::skip_permission_denied, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    struct stat info;
    if (lstat(walk->path().c_str(), &info) == 0) bytes += static_cast<uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

struct Said {
  std::string output;
  std::string errors;
};

// Takes what there is to read; false at the end.
bool Take(int fd, std::string& text) {
  std::array<char, 4096> piece;
  const ssize_t got = read(fd, piece.data(), piece.size());
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  text.append(piece.data(), static_cast<size_t>(got));
  return true;
}

// Reads both streams to their ends. A message: why the tool has to be killed.
std::string Listen(const ConfinedCommand& command, size_t max_output, const OpenFile& output, const OpenFile& errors,
                   Said& said) {
  const Clock::time_point until = Clock::now() + absl::ToChronoMilliseconds(command.timeout);
  Clock::time_point measure = Clock::now() + std::chrono::milliseconds(kMeasureMillis);
  pollfd ready[2] = {{output.get(), POLLIN, 0}, {errors.get(), POLLIN, 0}};
  while (ready[0].fd >= 0 || ready[1].fd >= 0) {
    (void)poll(ready, 2, kMeasureMillis);
    if (ready[0].revents != 0 && !Take(ready[0].fd, said.output)) ready[0].fd = -1;
    if (ready[1].revents != 0 && !Take(ready[1].fd, said.errors)) ready[1].fd = -1;
    if (said.errors.size() > kLastWords) said.errors.erase(0, said.errors.size() - kLastWords);
    if (said.output.size() > max_output) return absl::StrCat("over ", max_output, " bytes of output");
    if (Clock::now() > until) return absl::StrCat("not done after ", absl::FormatDuration(command.timeout));
    const Clock::time_point begun = Clock::now();
    if (begun < measure) continue;
    if (BytesBelow(command.directory) > command.max_directory_bytes) {
      return absl::StrCat("wrote over ", command.max_directory_bytes, " bytes");
    }
    measure = Clock::now() + std::chrono::milliseconds(kMeasureMillis) + kMeasureShare * (Clock::now() - begun);
  }
  return "";
}

std::string LastLine(absl::string_view text) {
  text = absl::StripSuffix(text, "\n");
  const size_t line = text.rfind('\n');
  return absl::CHexEscape(line == absl::string_view::npos ? text : text.substr(line + 1));
}

}  // namespace

absl::StatusOr<std::string> RunConfinedCommand(const ConfinedCommand& command, size_t max_output) {
  absl::StatusOr<Pipe> output = MakePipe();
  if (!output.ok()) return output.status();
  absl::StatusOr<Pipe> errors = MakePipe();
  if (!errors.ok()) return errors.status();
  absl::StatusOr<pid_t> pid = Spawn(command, output->write.get(), errors->write.get());
  if (!pid.ok()) return pid.status();
  output->write = OpenFile();
  errors->write = OpenFile();
  Said said;
  const std::string stopped = Listen(command, max_output, output->read, errors->read, said);
  if (!stopped.empty()) kill(-*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  kill(-*pid, SIGKILL);  // what it may have left in its group
  const std::string& program = command.words[0];
  if (!stopped.empty()) return absl::UnavailableError(absl::StrCat(program, ": ", stopped));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said.output;
  const std::string end =
      WIFSIGNALED(status) ? absl::StrCat("signal ", WTERMSIG(status)) : absl::StrCat("exit ", WEXITSTATUS(status));
  return absl::UnavailableError(absl::StrCat(program, ": ", end, ": ", LastLine(said.errors)));
}

}  // namespace flyd
