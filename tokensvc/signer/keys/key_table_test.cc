#include "tokensvc/signer/keys/key_table.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/signerd/test_authority.h"
#include "tests/status_matchers.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// P-256 public keys by id; nothing is signed.
class MemoryHsm final : public Hsm {
 public:
  absl::StatusOr<HsmKey> FindKey(absl::string_view id, HsmKeyType type) override {
    const auto found = keys.find(std::string(id));
    if (found == keys.end()) return absl::NotFoundError("none");
    return HsmKey{.id = std::string(id), .type = type, .spki_der = found->second.spki_der(), .handle = nullptr};
  }
  absl::StatusOr<HsmKey> GenerateKey(absl::string_view id, HsmKeyType type) override {
    ++generated;
    keys.emplace(id, tests::Es256TestKey());
    if (crash_after_generate) return absl::UnavailableError("crashed");
    return FindKey(id, type);
  }
  absl::StatusOr<std::string> SignDigest(const HsmKey&, absl::string_view) override {
    return absl::UnimplementedError("not signing");
  }
  absl::Duration LongestCall() const override { return absl::ZeroDuration(); }

  std::map<std::string, tests::Es256TestKey> keys;
  int generated = 0;
  bool crash_after_generate = false;
};

class KeyTableTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& bytes : authority_.entries()) Apply(bytes);
    // The RSA slot of the authority's first entries is none that this HSM could hold: it is over already.
    Apply(authority_.Append(Slot("rs256-1", SigningAlgorithm::kRs256, kNow - absl::Hours(1))));
  }

  void Apply(const std::string& bytes) {
    const auto entry = VerifyFleetLogEntry(bytes, authority_.key().spki_der());
    ASSERT_THAT(entry, IsOk());
    ASSERT_THAT(state_.Apply(*entry), IsOk());
  }

  static KeySlot Slot(const std::string& name, SigningAlgorithm algorithm, absl::Time removed) {
    const absl::Time begin = kNow - absl::Hours(2);
    return {.slot = name,
            .key_group = "default",
            .algorithm = algorithm,
            .published = begin,
            .signing = begin,
            .stopped = removed,
            .removed = removed};
  }

  std::unique_ptr<KeyTable> Open() {
    absl::StatusOr<std::unique_ptr<KeyTable>> table = KeyTable::Open(folder_.path() + "/keys.db", hsm_, "default");
    EXPECT_THAT(table, IsOk());
    return *std::move(table);
  }

  tests::ScratchFolder folder_;
  tests::TestAuthority authority_{kNow};
  FleetState state_;
  MemoryHsm hsm_;
};

TEST_F(KeyTableTest, AKeyIsMadeOnceForASlotOfTheSchedule) {
  const std::unique_ptr<KeyTable> table = Open();
  ASSERT_THAT(table->Update(state_, kNow), IsOk());
  ASSERT_THAT(table->Update(state_, kNow), IsOk());
  ASSERT_EQ(table->keys()->size(), 1u);
  EXPECT_EQ(table->keys()->begin()->second->hsm_key().id, "flyd-key/default/es256-1");
  EXPECT_EQ(hsm_.generated, 1);
}

TEST_F(KeyTableTest, AKeyMadeJustBeforeACrashIsTakenUpAgain) {
  hsm_.crash_after_generate = true;
  EXPECT_THAT(Open()->Update(state_, kNow), StatusIs(absl::StatusCode::kUnavailable));
  hsm_.crash_after_generate = false;
  const std::unique_ptr<KeyTable> table = Open();
  ASSERT_THAT(table->Update(state_, kNow), IsOk());
  EXPECT_EQ(table->keys()->size(), 1u);
  EXPECT_EQ(hsm_.generated, 1);
}

TEST_F(KeyTableTest, ALostKeyIsNotMadeAgainUnderItsName) {
  ASSERT_THAT(Open()->Update(state_, kNow), IsOk());
  hsm_.keys.clear();
  const std::unique_ptr<KeyTable> table = Open();
  EXPECT_THAT(table->Update(state_, kNow), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lost")));
  EXPECT_TRUE(table->keys()->empty());
  EXPECT_EQ(hsm_.generated, 1);
}

TEST_F(KeyTableTest, AnotherKeyUnderTheNameIsRefused) {
  ASSERT_THAT(Open()->Update(state_, kNow), IsOk());
  hsm_.keys.begin()->second = tests::Es256TestKey();
  EXPECT_THAT(Open()->Update(state_, kNow), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another key")));
}

TEST_F(KeyTableTest, ARemovedSlotLeavesTheTable) {
  const std::unique_ptr<KeyTable> table = Open();
  ASSERT_THAT(table->Update(state_, kNow), IsOk());
  Apply(authority_.Append(Slot("es256-1", SigningAlgorithm::kEs256, kNow + absl::Hours(1))));
  ASSERT_THAT(table->Update(state_, kNow + absl::Hours(2)), IsOk());
  EXPECT_TRUE(table->keys()->empty());
}

}  // namespace
}  // namespace tokensvc
