#include "flyd/control/watch_feed.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flyd/control/machine_codec.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;

constexpr size_t kPage = 256;
constexpr absl::Duration kBookmarkEvery = absl::Seconds(30);
constexpr absl::Duration kLookAgain = absl::Seconds(1);

class Feed {
 public:
  Feed(const WatchParts& parts, const pb::WatchMachinesRequest& request,
       absl::FunctionRef<bool(const pb::WatchMachinesResponse&)> write)
      : parts_(parts),
        request_(request),
        write_(write),
        after_(request.after_sequence() != 0 ? request.after_sequence() : parts.history.feed_range().compacted) {}

  // One page; false where the reader is gone.
  absl::StatusOr<bool> PassOn() {
    const absl::StatusOr<std::vector<storage::FeedEntry>> entries = parts_.history.Feed(after_, kPage);
    if (!entries.ok()) return entries.status();
    more_ = entries->size() == kPage;
    for (const storage::FeedEntry& entry : *entries) {
      after_ = entry.sequence;
      if (!Passes(entry.machine_id)) continue;
      pb::WatchMachinesResponse response;
      response.set_sequence(entry.sequence);
      response.mutable_event()->set_machine_id(entry.machine_id);
      ToProto(entry.event, *response.mutable_event()->mutable_event());
      said_ = entry.sequence;
      if (!write_(response)) return false;
    }
    return true;
  }

  bool Bookmark() {
    if (said_ == after_) return true;
    said_ = after_;
    pb::WatchMachinesResponse response;
    response.set_sequence(after_);
    response.mutable_bookmark();
    return write_(response);
  }

  bool more() const { return more_; }

 private:
  bool Passes(const std::string& machine_id) const {
    if (!request_.machine_id().empty() && request_.machine_id() != machine_id) return false;
    if (request_.app_name().empty() && request_.organization_slug().empty()) return true;
    const absl::StatusOr<storage::MachineRecord> record = parts_.store.Get(machine_id);
    return record.ok() && (request_.app_name().empty() || record->app_name == request_.app_name()) &&
           (request_.organization_slug().empty() || record->organization_slug == request_.organization_slug());
  }

  const WatchParts& parts_;
  const pb::WatchMachinesRequest& request_;
  const absl::FunctionRef<bool(const pb::WatchMachinesResponse&)> write_;
  uint64_t after_;
  uint64_t said_ = 0;
  bool more_ = false;
};

}  // namespace

absl::Status WatchFeed(const WatchParts& parts, const pb::WatchMachinesRequest& request,
                       absl::FunctionRef<bool()> cancelled,
                       absl::FunctionRef<bool(const pb::WatchMachinesResponse&)> write) {
  if (!request.store_incarnation().empty() && request.store_incarnation() != parts.store.incarnation()) {
    return absl::FailedPreconditionError(absl::StrCat("store_incarnation: ", request.store_incarnation().substr(0, 32),
                                                      ", want ", parts.store.incarnation()));
  }
  Feed feed(parts, request, write);
  absl::Duration bookmark_at = parts.table.clock().Monotonic() + kBookmarkEvery;
  while (!cancelled()) {
    const uint64_t seen = parts.table.commits();
    const absl::StatusOr<bool> reads = feed.PassOn();
    if (!reads.ok()) return reads.status();
    if (!*reads) return absl::OkStatus();
    if (feed.more()) continue;
    const absl::Duration now = parts.table.clock().Monotonic();
    if (now >= bookmark_at) {
      bookmark_at = now + kBookmarkEvery;
      if (!feed.Bookmark()) return absl::OkStatus();
    }
    parts.table.AwaitCommit(seen, std::min(kLookAgain, bookmark_at - now));
  }
  return absl::OkStatus();
}

}  // namespace flyd
