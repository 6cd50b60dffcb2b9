#include "tokensvc/issuer/bundle_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/issuer/test_bundle.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::HasSubstr;
using tokensvc::BundleStore;

class BundleStoreTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<BundleStore>> Open(const std::string& pinned_spki = "") {
    return BundleStore::Open(folder_.path() + "/data", "dev.example", pinned_spki, clock_);
  }
  std::string IssuerOf(BundleStore& store) {
    return store.Documents()->Discovery("acme")->body;
  }

  ScratchFolder folder_;
  FakeClock clock_{kBundleStart};
  Es256TestKey key_;
};

TEST_F(BundleStoreTest, HasNoDocumentsBeforeTheFirstBundle) {
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ((*store)->Documents(), nullptr);
}

TEST_F(BundleStoreTest, ServesTheLastBundleAfterARestart) {
  ASSERT_THAT((*Open())->Take(SignedTestBundle(key_)), IsOk());
  clock_.Advance(absl::Hours(20));
  auto again = Open();
  ASSERT_THAT(again, IsOk());
  EXPECT_NE((*again)->Documents()->Jwks("acme"), nullptr);
}

TEST_F(BundleStoreTest, ABundleAlteredInAnySingleByteIsRefused) {
  auto store = Open(key_.spki_der());
  ASSERT_THAT(store, IsOk());
  const std::string good = SignedTestBundle(key_);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string forged = good;
    forged[i] ^= 1;
    EXPECT_FALSE((*store)->Take(forged).ok()) << "byte " << i;
  }
  EXPECT_EQ((*store)->Documents(), nullptr);
  EXPECT_THAT((*store)->Take(good), IsOk());
}

TEST_F(BundleStoreTest, AnotherKeysBundleIsRefusedOnceOneIsPinned) {
  auto store = Open();
  ASSERT_THAT((*store)->Take(SignedTestBundle(key_)), IsOk());
  EXPECT_THAT((*store)->Take(SignedTestBundle(Es256TestKey(), {.fleet_log_number = 9})),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("want the pinned one")));
}

TEST_F(BundleStoreTest, TheKeyOfFirstContactIsPinnedAcrossRestarts) {
  ASSERT_THAT((*Open())->Take(SignedTestBundle(key_)), IsOk());
  auto again = Open();
  EXPECT_THAT((*again)->Take(SignedTestBundle(Es256TestKey(), {.fleet_log_number = 9})),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(BundleStoreTest, AConfiguredKeyDecidesFromTheFirstBundleOn) {
  auto store = Open(Es256TestKey().spki_der());
  EXPECT_THAT((*store)->Take(SignedTestBundle(key_)), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ((*store)->Documents(), nullptr);
}

TEST_F(BundleStoreTest, AnOlderBundleIsRefusedAcrossRestartsAndTheNewerOneServed) {
  ASSERT_THAT((*Open())->Take(SignedTestBundle(key_, {.fleet_log_number = 7, .issuer_base = "https://new.example"})), IsOk());
  auto again = Open();
  EXPECT_THAT((*again)->Take(SignedTestBundle(key_, {.fleet_log_number = 6})),
              StatusIs(absl::StatusCode::kFailedPrecondition, "key bundle fleet_log_number: 6, want at least 7"));
  EXPECT_THAT(IssuerOf(**again), HasSubstr("https://new.example/acme"));
}

TEST_F(BundleStoreTest, AnotherFleetsBundleIsRefused) {
  auto store = Open();
  EXPECT_THAT((*store)->Take(SignedTestBundle(key_, {.fleet = "other.example"})),
              StatusIs(absl::StatusCode::kPermissionDenied, "key bundle fleet: other.example, want dev.example"));
}

TEST_F(BundleStoreTest, AFileThatWasAlteredOnDiskIsNotServed) {
  ASSERT_THAT((*Open())->Take(SignedTestBundle(key_)), IsOk());
  const std::string path = folder_.path() + "/data/bundle";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-100, std::ios::end);  // in the signature: the bundle key follows it
  const int byte = file.peek();
  file.seekp(-100, std::ios::end);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(path)));
}

TEST_F(BundleStoreTest, AFullDiskNeverHoldsBackANewKey) {
  auto store = Open();
  ASSERT_THAT(store, IsOk());
  std::filesystem::create_directory(folder_.path() + "/data/bundle.new");  // the temporary file cannot be made
  EXPECT_THAT((*store)->Take(SignedTestBundle(key_)),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("bundle.new")));
  EXPECT_NE((*store)->Documents(), nullptr);
}

}  // namespace
}  // namespace tests
