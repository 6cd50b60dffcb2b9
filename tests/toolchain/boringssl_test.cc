#include <string>

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/digest.h>
#include <openssl/hkdf.h>

namespace toolchain {
namespace {

TEST(BoringSslTest, TheHeadersAreBoringSsls) {
#ifdef OPENSSL_IS_BORINGSSL
  EXPECT_STREQ(OpenSSL_version(OPENSSL_VERSION), "BoringSSL");
#else
  FAIL() << "openssl/crypto.h: OpenSSL's, want BoringSSL's";
#endif
}

TEST(BoringSslTest, HkdfDerives) {
  const std::string secret = "fleet key", info = "worker w1";
  std::string key(32, '\0');
  EXPECT_EQ(HKDF(reinterpret_cast<uint8_t*>(key.data()), key.size(), EVP_sha256(),
                 reinterpret_cast<const uint8_t*>(secret.data()), secret.size(), nullptr, 0,
                 reinterpret_cast<const uint8_t*>(info.data()), info.size()),
            1);
  EXPECT_NE(key, std::string(32, '\0'));
}

}  // namespace
}  // namespace toolchain
