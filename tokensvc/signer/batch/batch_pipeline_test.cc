#include "tokensvc/signer/batch/batch_pipeline.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "storage/sqlite_connection.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/sequential_ids.h"
#include "tests/fakes/test_placement.h"
#include "tests/signerd/test_authority.h"
#include "tests/status_matchers.h"
#include "tokensvc/claims/identity_claims.h"

namespace tokensvc {
namespace {

using tests::IsOk;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

std::string NewRsaSpki() {
  const bssl::UniquePtr<RSA> rsa(RSA_new());
  const bssl::UniquePtr<BIGNUM> e(BN_new());
  BN_set_word(e.get(), RSA_F4);
  RSA_generate_key_ex(rsa.get(), 2048, e.get(), nullptr);
  const bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  EVP_PKEY_set1_RSA(key.get(), rsa.get());
  bssl::ScopedCBB cbb;
  CBB_init(cbb.get(), 512);
  EVP_marshal_public_key(cbb.get(), key.get());
  return std::string(reinterpret_cast<const char*>(CBB_data(cbb.get())), CBB_len(cbb.get()));
}

// Signs with nonsense, and only while its gate is open.
class GatedHsm final : public Hsm {
 public:
  absl::StatusOr<HsmKey> FindKey(absl::string_view id, HsmKeyType type) override {
    return HsmKey{.id = std::string(id),
                  .type = type,
                  .spki_der = type == HsmKeyType::kP256 ? p256_.spki_der() : rsa_spki_,
                  .handle = nullptr};
  }
  absl::StatusOr<HsmKey> GenerateKey(absl::string_view id, HsmKeyType type) override { return FindKey(id, type); }
  absl::StatusOr<std::string> SignDigest(const HsmKey& key, absl::string_view) override {
    absl::MutexLock lock(&mu_);
    ++asked_;
    mu_.Await(absl::Condition(&open_));
    return std::string(key.type == HsmKeyType::kP256 ? 64 : 256, 's');
  }
  absl::Duration LongestCall() const override { return absl::ZeroDuration(); }

  void SetOpen(bool open) {
    absl::MutexLock lock(&mu_);
    open_ = open;
  }
  void AwaitAsked() {
    absl::MutexLock lock(&mu_);
    const auto asked = [this] { return asked_ > 0; };
    mu_.Await(absl::Condition(&asked));
  }
  int asked() const {
    absl::MutexLock lock(&mu_);
    return asked_;
  }

 private:
  const tests::Es256TestKey p256_;
  const std::string rsa_spki_ = NewRsaSpki();
  mutable absl::Mutex mu_;
  bool open_ = true;
  int asked_ = 0;
};

class GoodClock final : public ClockQuality {
 public:
  absl::Duration ErrorBound() const override { return absl::ZeroDuration(); }
};

class BatchPipelineTest : public testing::Test {
 protected:
  void SetUp() override {
    authority_.Append(
        OrganizationIssuer{.organization_id = 12, .slug = "globex", .algorithm = SigningAlgorithm::kEs256});
    auto fleet = FleetView::Open(folder_.path() + "/fleet.db", authority_.key().spki_der());
    ASSERT_THAT(fleet, IsOk());
    fleet_ = *std::move(fleet);
    ASSERT_THAT(fleet_->Apply(authority_.entries(), authority_.Head(kNow, kNow + absl::Hours(1))), IsOk());
    auto log = SignatureLog::Open(folder_.path() + "/log.db");
    ASSERT_THAT(log, IsOk());
    log_ = *std::move(log);
    auto keys = KeyTable::Open(folder_.path() + "/keys.db", hsm_, "default");
    ASSERT_THAT(keys, IsOk());
    keys_ = *std::move(keys);
    ASSERT_THAT(keys_->Update(fleet_->snapshot()->state, kNow), IsOk());
    pipeline_ = std::make_unique<BatchPipeline>(PipelineParts{.fleet = *fleet_,
                                                              .keys = *keys_,
                                                              .hsm = hsm_,
                                                              .log = *log_,
                                                              .clock = clock_,
                                                              .clock_quality = quality_,
                                                              .ids = ids_,
                                                              .rules = AllSignRules(),
                                                              .hsm_sessions = 1},
                                                [](const absl::Status& why) { ADD_FAILURE() << why; });
  }

  void TearDown() override { hsm_.SetOpen(true); }

  std::shared_ptr<SignLane> Lane() {
    return pipeline_->OpenLane({.role = Role::kWorker, .name = "w1", .certificate_not_before = kNow});
  }

  IncomingBatch Batch(size_t requests, uint64_t organization = 12) {
    Placement placement = tests::ExamplePlacement(authority_.key(), kNow);
    placement.identity.organization_id = organization;
    placement.identity.organization_slug = organization == 12 ? "globex" : "acme";
    const std::string bytes = tests::SignPlacement(placement, authority_.key());
    const SignRequest request{.id = 1,
                              .placement_sha256 = PlacementSha256(bytes),
                              .identity_claims_sha256 = IdentityClaimsDigest(placement.identity),
                              .time_left = absl::Seconds(2)};
    return {.placements = {bytes}, .requests = std::vector<SignRequest>(requests, request)};
  }

  // `name` is put on record when the batch is answered.
  void Submit(const std::shared_ptr<SignLane>& lane, IncomingBatch batch, std::string name) {
    pipeline_->Submit(lane, std::move(batch), [this, name](std::vector<SignOutcome> outcomes) {
      absl::MutexLock lock(&mu_);
      order_.push_back(name);
      for (SignOutcome& outcome : outcomes) outcomes_.push_back(std::move(outcome));
    });
  }

  void AwaitAnswered(size_t batches) {
    absl::MutexLock lock(&mu_);
    const auto answered = [&] { return order_.size() >= batches; };
    ASSERT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&answered), absl::Seconds(30)));
  }

  static bool IsRefused(const SignOutcome& outcome, RefusalCode code) {
    const Refusal* refusal = std::get_if<Refusal>(&outcome.result);
    return refusal != nullptr && refusal->code == code;
  }

  tests::ScratchFolder folder_;
  tests::TestAuthority authority_{kNow};
  tests::FakeClock clock_{kNow};
  tests::SequentialIds ids_;
  GoodClock quality_;
  GatedHsm hsm_;
  std::unique_ptr<FleetView> fleet_;
  std::unique_ptr<SignatureLog> log_;
  std::unique_ptr<KeyTable> keys_;
  absl::Mutex mu_;
  std::vector<std::string> order_;
  std::vector<SignOutcome> outcomes_;
  std::unique_ptr<BatchPipeline> pipeline_;
};

TEST_F(BatchPipelineTest, EachAnswerStandsInTheLogBeforeItIsGiven) {
  std::atomic<uint64_t> rows_when_answered{0};
  std::atomic<bool> answered{false};
  pipeline_->Submit(Lane(), Batch(5), [&](std::vector<SignOutcome>) {
    rows_when_answered = log_->Verify().value_or(0);
    absl::MutexLock lock(&mu_);
    answered = true;
  });
  absl::MutexLock lock(&mu_);
  const auto done = [&] { return answered.load(); };
  ASSERT_TRUE(mu_.AwaitWithTimeout(absl::Condition(&done), absl::Seconds(30)));
  EXPECT_EQ(rows_when_answered, 5u);
}

TEST_F(BatchPipelineTest, AStreamThatFloodsDoesNotHoldBackAnother) {
  hsm_.SetOpen(false);
  const std::shared_ptr<SignLane> flood = Lane();
  const std::shared_ptr<SignLane> quiet = Lane();
  Submit(flood, Batch(64), "flood");
  hsm_.AwaitAsked();
  for (int i = 0; i < 9; ++i) Submit(flood, Batch(64), "flood");
  Submit(quiet, Batch(1), "quiet");
  hsm_.SetOpen(true);
  AwaitAnswered(11);
  EXPECT_TRUE(order_[1] == "quiet" || order_[2] == "quiet");
}

TEST_F(BatchPipelineTest, AFullQueueIsAnsweredOverloaded) {
  hsm_.SetOpen(false);
  const std::shared_ptr<SignLane> lane = Lane();
  Submit(lane, Batch(64), "first");
  hsm_.AwaitAsked();
  for (int i = 0; i < 64; ++i) Submit(lane, Batch(64), "waits");
  Submit(lane, Batch(1), "last");
  hsm_.SetOpen(true);
  AwaitAnswered(66);
  EXPECT_EQ(order_.back(), "last");
  EXPECT_TRUE(IsRefused(outcomes_.back(), RefusalCode::kOverloaded));
}

TEST_F(BatchPipelineTest, WhatWaitedTooLongIsNotSigned) {
  hsm_.SetOpen(false);
  Submit(Lane(), Batch(10), "slow");
  hsm_.AwaitAsked();
  clock_.Advance(absl::Seconds(3));
  hsm_.SetOpen(true);
  AwaitAnswered(1);
  EXPECT_TRUE(IsRefused(outcomes_.back(), RefusalCode::kDeadlineExceeded));
  EXPECT_EQ(hsm_.asked(), 1);
}

TEST_F(BatchPipelineTest, AnRsaSignatureThatDoesNotHoldNeverLeaves) {
  Submit(Lane(), Batch(1, /*organization=*/11), "faulty");
  AwaitAnswered(1);
  EXPECT_EQ(hsm_.asked(), 1);
  EXPECT_TRUE(IsRefused(outcomes_.back(), RefusalCode::kKeyUnavailable));
}

TEST_F(BatchPipelineTest, WithoutItsLogNothingIsSignedUntilItTakesRowsAgain) {
  constexpr const char* kVersionOne[] = {""};  // the file is of that version already
  auto other = storage::SqliteConnection::Open(folder_.path() + "/log.db", storage::SqliteSync::kEveryCommit, kVersionOne);
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT((*other)->Execute("BEGIN IMMEDIATE"), IsOk());
  const std::shared_ptr<SignLane> lane = Lane();
  Submit(lane, Batch(1), "while it is held");
  AwaitAnswered(1);
  EXPECT_TRUE(IsRefused(outcomes_.back(), RefusalCode::kLogUnavailable));
  EXPECT_FALSE(pipeline_->Health().ok());
  ASSERT_THAT((*other)->Execute("ROLLBACK"), IsOk());
  Submit(lane, Batch(1), "tries the log");
  AwaitAnswered(2);
  EXPECT_TRUE(IsRefused(outcomes_.back(), RefusalCode::kLogUnavailable));
  Submit(lane, Batch(1), "signed");
  AwaitAnswered(3);
  EXPECT_TRUE(std::holds_alternative<SignedToken>(outcomes_.back().result));
  EXPECT_EQ(hsm_.asked(), 2);
}

TEST_F(BatchPipelineTest, AnEntryIsAcknowledgedOnlyWhenNothingOlderCanBeAnswered) {
  hsm_.SetOpen(false);
  Submit(Lane(), Batch(3), "older");
  hsm_.AwaitAsked();
  const std::string entry = authority_.Append(MachineFence{.machine_id = "148e21ea7e46e8", .minimum_generation = 2});
  ASSERT_THAT(fleet_->Apply({entry}, ""), IsOk());
  size_t answered_before_the_acknowledgement = 0;
  std::thread acknowledging([&] {
    pipeline_->AwaitNothingBefore(fleet_->snapshot()->state.number());
    absl::MutexLock lock(&mu_);
    answered_before_the_acknowledgement = order_.size();
  });
  hsm_.SetOpen(true);
  acknowledging.join();
  EXPECT_EQ(answered_before_the_acknowledgement, 1u);
}

}  // namespace
}  // namespace tokensvc
