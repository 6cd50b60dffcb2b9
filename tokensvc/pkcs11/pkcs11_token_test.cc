#include "tokensvc/pkcs11/pkcs11_token.h"

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/signerd/soft_token.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"
#include "tokensvc/es256/es256_verify.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::IsOk;
using tests::StatusIs;

class Pkcs11TokenTest : public testing::Test {
 protected:
  void SetUp() override { Open(1); }

  void Open(int sessions) {
    token_.reset();  // a module is initialized once in a process
    absl::StatusOr<std::unique_ptr<Pkcs11Token>> opened = Pkcs11Token::Open(soft_.options(sessions), RealClock());
    ASSERT_THAT(opened, IsOk());
    token_ = *std::move(opened);
  }

  tests::SoftToken soft_;
  std::unique_ptr<Pkcs11Token> token_;
};

TEST_F(Pkcs11TokenTest, AP256KeySignsWhatItsPublicHalfVerifies) {
  const absl::StatusOr<HsmKey> key = token_->GenerateKey("k", HsmKeyType::kP256);
  ASSERT_THAT(key, IsOk());
  const absl::StatusOr<std::string> signature = token_->SignDigest(*key, Sha256("message"));
  ASSERT_THAT(signature, IsOk());
  EXPECT_EQ(signature->size(), 64u);
  EXPECT_THAT(VerifyEs256(key->spki_der, "message", *signature), IsOk());
  EXPECT_THAT(VerifyEs256(key->spki_der, "another message", *signature), Not(IsOk()));
}

TEST_F(Pkcs11TokenTest, ASignatureUsesThePrivateKeyOnce) {
  const absl::StatusOr<HsmKey> key = token_->GenerateKey("k", HsmKeyType::kRsa2048);
  ASSERT_THAT(key, IsOk());
  const uint64_t before = tests::SoftToken::uses();
  const absl::StatusOr<std::string> signature = token_->SignDigest(*key, Sha256("message"));
  ASSERT_THAT(signature, IsOk());
  EXPECT_EQ(signature->size(), 256u);
  EXPECT_EQ(tests::SoftToken::uses(), before + 1);
}

TEST_F(Pkcs11TokenTest, AKeyIsFoundAgainAfterTheTokenWasClosed) {
  const absl::StatusOr<HsmKey> made = FindOrGenerateKey(*token_, "flyd-key/default/rs256-1", HsmKeyType::kRsa2048);
  ASSERT_THAT(made, IsOk());
  Open(2);
  const absl::StatusOr<HsmKey> found = FindOrGenerateKey(*token_, "flyd-key/default/rs256-1", HsmKeyType::kRsa2048);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->spki_der, made->spki_der);
}

TEST_F(Pkcs11TokenTest, ASecondKeyUnderOneIdIsRefused) {
  ASSERT_THAT(token_->GenerateKey("k", HsmKeyType::kP256), IsOk());
  EXPECT_THAT(token_->GenerateKey("k", HsmKeyType::kP256), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(Pkcs11TokenTest, AKeyOfAnotherTypeIsRefused) {
  ASSERT_THAT(token_->GenerateKey("k", HsmKeyType::kP256), IsOk());
  EXPECT_THAT(token_->FindKey("k", HsmKeyType::kRsa2048), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(token_->FindKey("none", HsmKeyType::kP256), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(Pkcs11TokenTest, ManyThreadsShareFewSessions) {
  Open(2);
  const absl::StatusOr<HsmKey> key = token_->GenerateKey("k", HsmKeyType::kP256);
  ASSERT_THAT(key, IsOk());
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) EXPECT_THAT(token_->SignDigest(*key, Sha256("m")), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(token_->LongestCall(), absl::ZeroDuration());
}

TEST_F(Pkcs11TokenTest, ALostSessionIsOpenedAgain) {
  const absl::StatusOr<HsmKey> key = token_->GenerateKey("k", HsmKeyType::kP256);
  ASSERT_THAT(key, IsOk());
  soft_.LoseNextSession();
  const absl::StatusOr<std::string> signature = token_->SignDigest(*key, Sha256("message"));
  ASSERT_THAT(signature, IsOk());
  EXPECT_THAT(VerifyEs256(key->spki_der, "message", *signature), IsOk());
}

TEST_F(Pkcs11TokenTest, ADeadDeviceIsUnavailableUntilItAnswersAgain) {
  const absl::StatusOr<HsmKey> key = token_->GenerateKey("k", HsmKeyType::kP256);
  ASSERT_THAT(key, IsOk());
  soft_.SetDead(true);
  EXPECT_THAT(token_->SignDigest(*key, Sha256("message")), StatusIs(absl::StatusCode::kUnavailable));
  soft_.SetDead(false);
  EXPECT_THAT(token_->SignDigest(*key, Sha256("message")), IsOk());
}

TEST_F(Pkcs11TokenTest, AWrongPinOpensNothingAndIsNotNamed) {
  token_.reset();
  std::ofstream(soft_.dir() + "/pin") << "987654\n";
  const auto opened = Pkcs11Token::Open(soft_.options(1), RealClock());
  EXPECT_THAT(opened.status(), StatusIs(absl::StatusCode::kPermissionDenied, Not(HasSubstr("987654"))));
}

TEST_F(Pkcs11TokenTest, AnUnknownLabelNamesTheTokensThatThereAre) {
  token_.reset();
  Pkcs11TokenOptions options = soft_.options(1);
  options.token_label = "other";
  EXPECT_THAT(Pkcs11Token::Open(options, RealClock()).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("[test")));
}

}  // namespace
}  // namespace tokensvc
