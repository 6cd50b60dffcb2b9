// The protocol of a move, explored exhaustively: one machine, two workers, three signers, an authority that crashes and
// restarts, signers that do, messages that are lost, late or repeated, clocks that are apart. The rules are the shipped
// ones of tokensvc/fleet/log/signer_record.h.
//
// Promise: once every signer is settled for the fence, no signer ever signs for the source worker again. Then and only
// then the target's placement is signed, so that the two workers never mint for the machine at one time.
#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tokensvc/fleet/log/signer_record.h"

namespace {

using tokensvc::IsSettled;
using tokensvc::MayReceiveHead;
using tokensvc::SignerRecord;
using tokensvc::WithLease;

// One tick is the clock margin, and a lease lasts one: what is longer adds worlds, not behaviour. The log is empty (0) or holds the fence (1).
constexpr int kLeaseTicks = 1;
constexpr int kEndOfTime = 3;
constexpr int8_t kNone = -1;

absl::Time At(int tick) { return absl::UnixEpoch() + tick * tokensvc::kLeaseClockMargin; }

// What an implementation may get wrong; the exploration must notice each.
struct Rules {
  bool lease_recorded_before_it_is_sent = true;
  bool clock_margin = true;
  bool applied_durably_before_acknowledging = true;
  bool head_only_after_its_entries = true;  // the signer's own check
};

struct Signer {
  // At the authority, durable.
  int8_t acknowledged = 0;
  int8_t lease_expires = kNone;
  // At the signer, durable; and what it holds in memory beyond that.
  int8_t applied = 0;
  int8_t applied_in_memory = 0;
  int8_t head_number = kNone;
  int8_t head_expires = kNone;
  // On the way, deliverable any number of times until replaced.
  int8_t sent_number = kNone;
  int8_t sent_expires = kNone;
  int8_t acknowledgement_sent = 0;

  auto Key() const {
    return std::tie(acknowledged, lease_expires, applied, applied_in_memory, head_number, head_expires, sent_number,
                    sent_expires, acknowledgement_sent);
  }
  friend bool operator<(const Signer& a, const Signer& b) { return a.Key() < b.Key(); }
};

SignerRecord RecordOf(const Signer& signer) {
  return {.name = "",
          .acknowledged = static_cast<uint64_t>(signer.acknowledged),
          .lease_expires = signer.lease_expires == kNone ? absl::InfinitePast() : At(signer.lease_expires)};
}

bool SettledFor(const Signer& signer, int now, const Rules& rules) {
  const absl::Duration shift = rules.clock_margin ? absl::ZeroDuration() : tokensvc::kLeaseClockMargin;
  return IsSettled(RecordOf(signer), 1, At(now) + shift);
}

// Whether the signer would sign for the source worker, its clock a full margin behind the authority's at worst.
bool SignsForSource(const Signer& signer, int now) {
  const absl::Time its_clock = At(now) - tokensvc::kLeaseClockMargin + absl::Nanoseconds(1);
  const bool lease = signer.head_number != kNone && its_clock < At(signer.head_expires);
  return lease && signer.applied_in_memory == 0;
}

// A signer's possible next selves, given the authority's clock and log. They do not depend on the other signers.
class SignerSteps {
 public:
  SignerSteps(const Rules& rules, const Signer& signer, int now, int fenced) : rules_(rules), signer_(signer) {
    if (MayReceiveHead(RecordOf(signer).acknowledged, static_cast<uint64_t>(fenced))) SendHead(now, fenced);
    if (fenced) TakeEntry();
    TakeHead();
    if (signer.acknowledgement_sent) Add([](Signer& next) { next.acknowledged = 1; });
    Add([](Signer& next) { next.applied_in_memory = next.applied; });  // it restarts
  }
  const std::vector<Signer>& next() const { return next_; }

 private:
  template <typename Change>
  void Add(const Change& change) {
    Signer next = signer_;
    change(next);
    next_.push_back(next);
  }

  void SendHead(int now, int fenced) {
    const int expires = now + kLeaseTicks;
    const SignerRecord record = WithLease(RecordOf(signer_), At(expires));
    const auto recorded = [&](Signer& next) {
      next.lease_expires =
          static_cast<int8_t>((record.lease_expires - absl::UnixEpoch()) / tokensvc::kLeaseClockMargin);
    };
    if (rules_.lease_recorded_before_it_is_sent) Add(recorded);  // and a crash before it is sent
    Add([&](Signer& next) {
      if (rules_.lease_recorded_before_it_is_sent) recorded(next);  // else a crash before it is recorded
      next.sent_number = static_cast<int8_t>(fenced);
      next.sent_expires = static_cast<int8_t>(expires);
    });
  }

  void TakeEntry() {
    Add([&](Signer& next) {
      next.applied_in_memory = 1;
      if (rules_.applied_durably_before_acknowledging) next.applied = 1;
      next.acknowledgement_sent = 1;
    });
  }

  void TakeHead() {
    if (signer_.sent_number == kNone || signer_.sent_expires <= signer_.head_expires) return;
    if (rules_.head_only_after_its_entries && signer_.sent_number > signer_.applied_in_memory) return;
    Add([](Signer& next) {
      next.head_number = next.sent_number;
      next.head_expires = next.sent_expires;
    });
  }

  const Rules& rules_;
  const Signer& signer_;
  std::vector<Signer> next_;
};

class Exploration {
 public:
  explicit Exploration(const Rules& rules) : rules_(rules) {}

  // Visits every reachable world. False once the source mints although the target's placement is signed.
  bool PromiseHolds() {
    Visit({});
    while (!queue_.empty()) {
      const World world = queue_.front();
      queue_.pop_front();
      bool settled = true, source_mints = false;
      for (int id : world.signers) {
        const Facts& facts = FactsOf(id, world);
        settled &= facts.settled;
        source_mints |= facts.signs_for_source;
        for (int next : facts.next) Visit(Replaced(world, id, next));
      }
      if (world.target_placed && source_mints) return false;
      if (world.now < kEndOfTime) Visit({world.signers, world.now + 1, world.fenced, world.target_placed});
      if (!world.fenced) Visit({world.signers, world.now, 1, 0});
      if (world.fenced && settled) Visit({world.signers, world.now, 1, 1});
    }
    return true;
  }

  size_t visited() const { return seen_.size(); }
  bool target_was_placed() const { return target_was_placed_; }

 private:
  struct World {
    std::array<int, 3> signers{};  // ids of states; signers are alike, so they stand in order
    int now = 0;
    int fenced = 0;  // entries in the log
    int target_placed = 0;
  };
  struct Facts {
    bool settled = false;
    bool signs_for_source = false;
    std::vector<int> next;
  };

  static World Replaced(World world, int id, int next) {
    *std::find(world.signers.begin(), world.signers.end(), id) = next;
    return world;
  }

  void Visit(World world) {
    std::sort(world.signers.begin(), world.signers.end());
    target_was_placed_ |= world.target_placed == 1;
    uint64_t key = 0;
    for (int id : world.signers) key = key << 16 | static_cast<uint64_t>(id);
    key = key << 5 | static_cast<uint64_t>(world.now << 2 | world.fenced << 1 | world.target_placed);
    if (seen_.insert(key).second) queue_.push_back(world);
  }

  int IdOf(const Signer& signer) {
    const auto [found, added] = ids_.try_emplace(signer, static_cast<int>(states_.size()));
    if (added) states_.push_back(signer);
    return found->second;
  }

  const Facts& FactsOf(int id, const World& world) {
    const auto [found, added] = facts_.try_emplace({id, world.now, world.fenced});
    if (!added) return found->second;
    const Signer signer = states_[id];
    found->second.settled = SettledFor(signer, world.now, rules_);
    found->second.signs_for_source = SignsForSource(signer, world.now);
    const SignerSteps steps(rules_, signer, world.now, world.fenced);
    for (const Signer& next : steps.next()) found->second.next.push_back(IdOf(next));
    return found->second;
  }

  const Rules rules_;
  std::vector<Signer> states_{Signer()};
  std::map<Signer, int> ids_{{Signer(), 0}};
  std::map<std::tuple<int, int, int>, Facts> facts_;
  std::unordered_set<uint64_t> seen_;
  std::deque<World> queue_;
  bool target_was_placed_ = false;
};

TEST(FenceExplorationTest, OnceAllHaveAcknowledgedOrLapsedTheSourceCannotMint) {
  Exploration exploration{Rules()};
  EXPECT_TRUE(exploration.PromiseHolds());
  EXPECT_TRUE(exploration.target_was_placed());
  RecordProperty("worlds", static_cast<int>(exploration.visited()));
  EXPECT_GT(exploration.visited(), 10'000u);
}

TEST(FenceExplorationTest, ALeaseSentBeforeItIsRecordedWouldBreakThePromise) {
  EXPECT_FALSE(Exploration({.lease_recorded_before_it_is_sent = false}).PromiseHolds());
}

TEST(FenceExplorationTest, LeavingOutTheClockMarginWouldBreakThePromise) {
  EXPECT_FALSE(Exploration({.clock_margin = false}).PromiseHolds());
}

TEST(FenceExplorationTest, AcknowledgingWhatIsNotDurableWouldBreakThePromise) {
  EXPECT_FALSE(Exploration({.applied_durably_before_acknowledging = false}).PromiseHolds());
}

}  // namespace
