#include "flyd/supervisor/boot_registry.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace flyd {

BootRegistry::Stripe& BootRegistry::StripeOf(absl::string_view machine_id) const {
  return stripes_[absl::HashOf(machine_id) % kStripes];
}

void BootRegistry::Publish(BootView view) {
  Stripe& stripe = StripeOf(view.machine_id);
  absl::MutexLock lock(&stripe.mu);
  view.epoch = ++stripe.epochs[view.machine_id];
  const std::string id = view.machine_id;
  stripe.published[id] = std::make_shared<const BootView>(std::move(view));
  stripe.fenced.erase(id);
}

void BootRegistry::Renew(absl::string_view machine_id) {
  Stripe& stripe = StripeOf(machine_id);
  absl::MutexLock lock(&stripe.mu);
  const auto found = stripe.published.find(machine_id);
  if (found == stripe.published.end()) return;
  BootView view = *found->second;
  view.epoch = ++stripe.epochs[view.machine_id];
  found->second = std::make_shared<const BootView>(std::move(view));
}

void BootRegistry::Amend(absl::string_view machine_id, absl::FunctionRef<void(BootView&)> change) {
  Stripe& stripe = StripeOf(machine_id);
  absl::MutexLock lock(&stripe.mu);
  const auto found = stripe.published.find(machine_id);
  if (found == stripe.published.end()) return;
  BootView view = *found->second;
  change(view);
  found->second = std::make_shared<const BootView>(std::move(view));
}

void BootRegistry::Fence(absl::string_view machine_id) {
  Stripe& stripe = StripeOf(machine_id);
  absl::MutexLock lock(&stripe.mu);
  ++stripe.epochs[machine_id];
  const auto found = stripe.published.find(machine_id);
  if (found == stripe.published.end()) return;
  stripe.fenced[machine_id] = std::move(found->second);
  stripe.published.erase(found);
}

absl::StatusOr<std::shared_ptr<const BootView>> BootRegistry::Last(absl::string_view machine_id) const {
  const Stripe& stripe = StripeOf(machine_id);
  {
    absl::MutexLock lock(&stripe.mu);
    const auto found = stripe.fenced.find(machine_id);
    if (found != stripe.fenced.end()) return found->second;
  }
  return Present(machine_id);
}

void BootRegistry::Forget(absl::string_view machine_id) {
  Stripe& stripe = StripeOf(machine_id);
  absl::MutexLock lock(&stripe.mu);
  stripe.fenced.erase(machine_id);
}

absl::StatusOr<std::shared_ptr<const BootView>> BootRegistry::Present(absl::string_view machine_id) const {
  const Stripe& stripe = StripeOf(machine_id);
  absl::MutexLock lock(&stripe.mu);
  const auto found = stripe.published.find(machine_id);
  if (found == stripe.published.end()) {
    return absl::FailedPreconditionError(absl::StrCat("machine ", machine_id, ": no boot may mint"));
  }
  return found->second;
}

absl::Status BootRegistry::Release(const BootView& view, absl::FunctionRef<void()> write) {
  Stripe& stripe = StripeOf(view.machine_id);
  absl::MutexLock lock(&stripe.mu);
  const auto found = stripe.published.find(view.machine_id);
  if (found == stripe.published.end() || found->second->epoch != view.epoch ||
      found->second->boot_id != view.boot_id || found->second->generation != view.generation) {
    return absl::AbortedError(absl::StrCat("machine ", view.machine_id, ": boot ", view.boot_id, " was fenced meanwhile"));
  }
  write();
  return absl::OkStatus();
}

}  // namespace flyd
