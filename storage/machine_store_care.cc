#include "storage/machine_store_care.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/rocksdb_machine_store.h"

namespace storage {
namespace {

constexpr size_t kPage = 1000;

using Store = std::unique_ptr<RocksDbMachineStore>;

bool Exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

absl::StatusOr<Store> OpenThere(const std::string& folder) {
  if (!Exists(folder + "/CURRENT")) return absl::NotFoundError(absl::StrCat(folder, ": no machine store there, want one"));
  return RocksDbMachineStore::Open(folder);
}

absl::Status Damaged(const std::string& folder, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(folder, ": ", what));
}

// Adds the machine's events, and the placements of its versions.
absl::Status CheckMachine(const std::string& folder, const RocksDbMachineStore& store, const MachineRecord& record,
                          StoreSummary& summary, std::set<std::string>& placements) {
  const absl::StatusOr<std::vector<EventRecord>> events = store.Events(record.id, 0, SIZE_MAX);
  if (!events.ok()) return events.status();
  // The oldest may be forgotten, but none after the first that is kept.
  uint64_t next = events->empty() ? record.event_sequence + 1 : events->front().sequence;
  for (const EventRecord& event : *events) {
    if (event.sequence != next++) {
      return Damaged(folder, absl::StrCat("machine ", record.id, " event ", event.sequence, ": out of order, want ", next - 1));
    }
  }
  if (next != record.event_sequence + 1) {
    return Damaged(folder, absl::StrCat("machine ", record.id, " events: end at ", next - 1, ", want ", record.event_sequence));
  }
  summary.events += events->size();
  std::vector<std::string> wanted = {record.desired.placement_sha256};
  if (record.boot.has_value()) wanted.push_back(record.boot->version.placement_sha256);
  for (const std::string& sha256 : wanted) {
    if (absl::IsNotFound(store.GetPlacement(sha256).status())) {
      return Damaged(folder, absl::StrCat("machine ", record.id, " placement: absent, want that of its version"));
    }
    placements.insert(sha256);
  }
  return absl::OkStatus();
}

absl::Status CheckFeed(const std::string& folder, const RocksDbMachineStore& store, StoreSummary& summary) {
  const FeedRange range = store.feed_range();
  summary.feed_compacted = range.compacted;
  summary.feed_last = range.last;
  for (uint64_t after = range.compacted; after < range.last;) {
    const absl::StatusOr<std::vector<FeedEntry>> page = store.Feed(after, kPage);
    if (!page.ok()) return Damaged(folder, page.status().message());
    for (const FeedEntry& entry : *page) {
      if (entry.sequence != ++after) return Damaged(folder, absl::StrCat("feed: ", entry.sequence, ", want ", after));
    }
    if (page->empty()) return Damaged(folder, absl::StrCat("feed: ends at ", after, ", want ", range.last));
  }
  return absl::OkStatus();
}

absl::StatusOr<StoreSummary> Verify(const std::string& folder, const RocksDbMachineStore& store) {
  if (absl::Status whole = store.Verify(); !whole.ok()) return whole;
  StoreSummary summary{.incarnation = store.incarnation()};
  std::set<std::string> machines;
  std::set<std::string> placements;
  for (std::string after;;) {
    const absl::StatusOr<std::vector<MachineRecord>> page = store.List(after, kPage);
    if (!page.ok()) return page.status();
    for (const MachineRecord& record : *page) {
      machines.insert(record.id);
      absl::Status checked = CheckMachine(folder, store, record, summary, placements);
      if (!checked.ok()) return checked;
    }
    if (page->size() < kPage) break;
    after = page->back().id;
  }
  const auto operations = store.Operations();
  if (!operations.ok()) return operations.status();
  for (const auto& [machine_id, operation] : *operations) {
    if (!machines.contains(machine_id)) return Damaged(folder, absl::StrCat("operation of ", machine_id, ": of no machine"));
  }
  summary.machines = machines.size();
  summary.operations = operations->size();
  summary.placements = placements.size();
  if (absl::Status feed = CheckFeed(folder, store, summary); !feed.ok()) return feed;
  return summary;
}

absl::Status Rename(const std::string& from, const std::string& to, unsigned flags) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(to, ": ", std::strerror(errno), ", want ", from, " in its place"));
}

// In one step: a flyd that found no store would begin a new one, and end the machines as nobody's.
absl::Status PutInPlace(const std::string& restored, const std::string& folder, const std::string& replaced) {
  if (!Exists(folder)) return Rename(restored, folder, RENAME_NOREPLACE);
  if (absl::Status exchanged = Rename(restored, folder, RENAME_EXCHANGE); !exchanged.ok()) return exchanged;
  return Rename(restored, replaced, RENAME_NOREPLACE);
}

// "machines/" is "machines": the folders beside it have names that begin with its own.
std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

absl::Status SyncParent(const std::string& path) {
  const std::string parent = path.find('/') == path.npos ? "." : path.substr(0, path.rfind('/') + 1);
  const int folder = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && fsync(folder) == 0;
  const int error = errno;
  if (folder >= 0) close(folder);
  return synced ? absl::OkStatus() : absl::UnavailableError(absl::StrCat(parent, ": ", std::strerror(error), ", want it synced"));
}

// A lock of ours would end the holder's when it is closed, so it only looks.
absl::Status CheckNotHeld(const std::string& folder, const std::string& path) {
  const int lock = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0 && errno == ENOENT) return absl::OkStatus();
  if (lock < 0) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno), ", want to see who has it"));
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  const bool held = fcntl(lock, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  close(lock);
  if (!held) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(folder, ": process ", whole.l_pid, " has it open, want flyd stopped"));
}

// Damaged or not, nobody else may have it open: neither RocksDB nor a flyd that goes on without it (hold_data_folder.h).
absl::Status CheckFree(const std::string& folder) {
  if (absl::Status free = CheckNotHeld(folder, folder + "/LOCK"); !free.ok()) return free;
  return CheckNotHeld(folder, std::filesystem::path(folder).parent_path() / "lock");
}

}  // namespace

absl::StatusOr<StoreSummary> VerifyMachineStore(const std::string& folder) {
  const absl::StatusOr<Store> store = OpenThere(folder);
  if (!store.ok()) return store.status();
  return Verify(folder, **store);
}

absl::StatusOr<StoreSummary> CheckpointMachineStore(const std::string& folder, const std::string& new_folder) {
  const std::string to = WithoutSlash(new_folder);
  const absl::StatusOr<Store> store = OpenThere(folder);
  if (!store.ok()) return store.status();
  absl::StatusOr<StoreSummary> summary = Verify(folder, **store);
  if (!summary.ok()) return summary;
  if (absl::Status made = (*store)->Checkpoint(to); !made.ok()) return made;
  if (absl::Status synced = SyncParent(to); !synced.ok()) return synced;
  return summary;
}

absl::StatusOr<StoreSummary> RestoreMachineStore(const std::string& checkpoint, const std::string& to) {
  const std::string folder = WithoutSlash(to);
  const std::string replaced = folder + ".replaced";
  const std::string restored = folder + ".restored";
  if (absl::Status free = CheckFree(folder); !free.ok()) return free;
  for (const std::string& path : {replaced, restored}) {
    if (Exists(path)) return absl::AlreadyExistsError(absl::StrCat(path, ": is there, want it moved away first"));
  }
  const absl::StatusOr<StoreSummary> copied = CheckpointMachineStore(checkpoint, restored);
  if (!copied.ok()) return copied.status();
  absl::StatusOr<StoreSummary> summary = *copied;
  {
    const absl::StatusOr<Store> store = OpenThere(restored);
    if (!store.ok()) return store.status();
    if (absl::Status renewed = (*store)->RenewIncarnation(); !renewed.ok()) return renewed;
    summary->incarnation = (*store)->incarnation();
  }
  if (absl::Status placed = PutInPlace(restored, folder, replaced); !placed.ok()) return placed;
  if (absl::Status synced = SyncParent(folder); !synced.ok()) return synced;
  return summary;
}

}  // namespace storage
