#include "flyd/daemon/open_machine_store.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/machine_record.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

using storage::MachineRecord;
using Store = std::unique_ptr<storage::RocksDbMachineStore>;

constexpr size_t kPage = 1000;

// What finds the machines again. Their history is read when somebody asks for it.
absl::Status ReadThrough(const storage::RocksDbMachineStore& store) {
  if (const auto operations = store.Operations(); !operations.ok()) return operations.status();
  if (const auto host = store.GetHost(); !host.ok()) return host.status();
  for (std::string after;;) {
    const absl::StatusOr<std::vector<MachineRecord>> page = store.List(after, kPage);
    if (!page.ok()) return page.status();
    for (const MachineRecord& record : *page) {
      if (!record.boot.has_value()) continue;
      const auto placement = store.GetPlacement(record.boot->version.placement_sha256);
      if (!placement.ok() && !absl::IsNotFound(placement.status())) return placement.status();
    }
    if (page->size() < kPage) return absl::OkStatus();
    after = page->back().id;
  }
}

bool IsThere(const std::string& folder) { return access((folder + "/CURRENT").c_str(), F_OK) == 0; }

// RocksDB makes a new store where CURRENT is missing. A flyd with none of its machines would end them as nobody's.
absl::StatusOr<Store> OpenWhole(const std::string& folder, const std::string& checkpoint) {
  if (!IsThere(folder) && IsThere(checkpoint)) {
    return absl::DataLossError(absl::StrCat(folder, "/CURRENT: absent, want the store that was there"));
  }
  absl::StatusOr<Store> store = storage::RocksDbMachineStore::Open(folder);
  if (!store.ok()) return store;
  // What nobody reads now, a compaction would meet later, and end flyd again and again.
  if (absl::Status whole = (*store)->Verify(); !whole.ok()) return whole;
  if (absl::Status read = ReadThrough(**store); !read.ok()) return read;
  return store;
}

// `folder` to read alone, if all of it can be read.
absl::StatusOr<Store> OpenCopy(const std::string& folder, const absl::Status& refusal) {
  absl::StatusOr<Store> copy = storage::RocksDbMachineStore::OpenReadOnly(folder, refusal);
  if (!copy.ok()) return copy;
  if (absl::Status verified = (*copy)->Verify(); !verified.ok()) return verified;
  if (absl::Status read = ReadThrough(**copy); !read.ok()) return read;
  return copy;
}

}  // namespace

absl::StatusOr<Store> OpenMachineStore(const std::string& data_dir) {
  const std::string folder = data_dir + kMachinesFolder;
  const std::string checkpoint = data_dir + kCheckpointFolder;
  absl::StatusOr<Store> store = OpenWhole(folder, checkpoint);
  if (!absl::IsDataLoss(store.status())) return store;
  const absl::Status refusal = tokensvc::WithReason(
      absl::FailedPreconditionError(absl::StrCat("machine store: ", store.status().message(),
                                                 "; machines run on as of its last checkpoint, want flyd stopped and "
                                                 "`flydctl store restore ",
                                                 checkpoint, " ", folder, "`")),
      "STORE_DAMAGED");
  // Whole, but not to be written to: the disk is full or fails. The next start may find it better.
  if (OpenCopy(folder, refusal).ok()) return absl::UnavailableError(store.status().message());
  absl::StatusOr<Store> copy = OpenCopy(checkpoint, refusal);
  if (copy.ok()) return copy;
  return absl::DataLossError(absl::StrCat(store.status().message(), "; ", copy.status().message()));
}

}  // namespace flyd
