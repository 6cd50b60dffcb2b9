#include "tokensvc/http/renewed_tls.h"

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"
#include "tools/pki/certificate_authority.h"

namespace tests {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class RenewedTlsTest : public testing::Test {
 protected:
  tools::CertifiedKey NewPair() const {
    return tools::IssueCertificate(root_, {.localhost = true, .not_before = kNow, .not_after = kNow + absl::Hours(24)}).value();
  }
  // As renewals do: the new file takes the old one's place at once.
  static void Put(const std::string& path, absl::string_view content) {
    std::ofstream(path + ".new") << content;
    ASSERT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
  }
  void PutPair(const tools::CertifiedKey& pair) {
    Put(certificate_, pair.certificate_pem);
    Put(key_, pair.private_key_pem);
  }
  auto Open() const { return tokensvc::RenewedTls::Open(certificate_, key_); }

  const tools::CertifiedKey root_ = tools::CreateRoot("test", kNow).value();
  ScratchFolder scratch_;
  const std::string certificate_ = scratch_.path() + "/certificate.pem";
  const std::string key_ = scratch_.path() + "/key.pem";
};

TEST_F(RenewedTlsTest, HalfAPairIsNotServedAndAWholeOneIs) {
  PutPair(NewPair());
  const auto tls = Open();
  ASSERT_THAT(tls, IsOk());
  const auto first = (*tls)->Current();
  const tools::CertifiedKey renewed = NewPair();
  Put(certificate_, renewed.certificate_pem);
  EXPECT_EQ((*tls)->Current(), first) << "a certificate is served with the key of another";
  Put(key_, renewed.private_key_pem);
  const auto second = (*tls)->Current();
  EXPECT_NE(second, first);
  EXPECT_EQ((*tls)->Current(), second) << "read again though nothing changed";
}

TEST_F(RenewedTlsTest, WhatCannotBeReadLeavesTheOldPair) {
  PutPair(NewPair());
  const auto tls = Open();
  ASSERT_THAT(tls, IsOk());
  const auto first = (*tls)->Current();
  Put(certificate_, "rubbish");
  EXPECT_EQ((*tls)->Current(), first);
  ASSERT_EQ(std::remove(key_.c_str()), 0);
  EXPECT_EQ((*tls)->Current(), first);
  PutPair(NewPair());
  EXPECT_NE((*tls)->Current(), first);
}

TEST_F(RenewedTlsTest, AFirstPairThatDoesNotFitIsNamed) {
  PutPair(NewPair());
  Put(key_, NewPair().private_key_pem);
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(key_)));
  Put(certificate_, "rubbish");
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(certificate_)));
}

}  // namespace
}  // namespace tests
