#include "tokensvc/signer/keys/key_keeper.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tokensvc/signer/keys/key_bundle.h"

namespace tokensvc {
namespace {

// Times of the schedule are whole seconds.
constexpr absl::Duration kLookEvery = absl::Seconds(1);

// Equal where a new bundle would say nothing new.
std::string Basis(const FleetState& fleet, const TokenKeys& keys, absl::Time now) {
  std::string basis = absl::StrCat(fleet.number());
  for (const auto& [name, slot] : fleet.key_slots()) {
    absl::StrAppend(&basis, " ", name.first, "/", name.second, keys.contains(name) ? "+" : "-",
                    static_cast<int>(KeyStateAt(slot, now)));
  }
  return basis;
}

}  // namespace

KeyKeeper::KeyKeeper(const FleetView& fleet, KeyTable& keys, Hsm& hsm, HsmKey bundle_key, BundleBoard& board,
                     const Clock& clock, JsonLog& log)
    : fleet_(fleet), keys_(keys), hsm_(hsm), bundle_key_(std::move(bundle_key)), board_(board), clock_(clock), log_(log) {
  thread_ = std::thread([this] { Run(); });
}

KeyKeeper::~KeyKeeper() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

void KeyKeeper::Wake() {
  absl::MutexLock lock(&mu_);
  wake_ = true;
}

void KeyKeeper::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return wake_ || stopping_; };
      mu_.AwaitWithTimeout(absl::Condition(&due), kLookEvery);
      if (stopping_) return;
      wake_ = false;
    }
    Keep().IgnoreError();  // logged there; the next look tries again
  }
}

absl::Status KeyKeeper::Keep() {
  absl::MutexLock lock(&keeping_);
  const std::shared_ptr<const FleetSnapshot> fleet = fleet_.snapshot();
  if (!fleet->state.settings().has_value()) return absl::OkStatus();
  const absl::Time now = clock_.Now();
  absl::Status kept = keys_.Update(fleet->state, now);
  kept.Update(Publish(*fleet, now));
  if (!kept.ok() && complaint_ != kept.message()) log_.Write("keys.failed", {{"why", kept.message()}});
  complaint_ = std::string(kept.message());
  return kept;
}

absl::Status KeyKeeper::Publish(const FleetSnapshot& fleet, absl::Time now) {
  const std::shared_ptr<const TokenKeys> keys = keys_.keys();
  std::string basis = Basis(fleet.state, *keys, now);
  if (basis == published_) return absl::OkStatus();
  absl::StatusOr<std::string> bundle = MakeKeyBundle(fleet, *keys, hsm_, bundle_key_, now);
  if (!bundle.ok()) return bundle.status();
  board_.Publish(*std::move(bundle));
  published_ = std::move(basis);
  log_.Write("bundle.published",
             {{"fleet_log_number", static_cast<int64_t>(fleet.state.number())}, {"keys", static_cast<int64_t>(keys->size())}});
  return absl::OkStatus();
}

}  // namespace tokensvc
