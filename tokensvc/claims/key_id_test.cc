#include "tokensvc/claims/key_id.h"

#include <string>

#include "gtest/gtest.h"

namespace tokensvc {
namespace {

TEST(OrganizationKeyIdTest, IsTwentyTwoCharactersOfBase64Url) {
  const std::string kid = OrganizationKeyId(1, 1, "spki");
  ASSERT_EQ(kid.size(), 22u);
  EXPECT_EQ(kid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), kid.npos);
}

// Computed with another implementation: printf 'flyd-kid-v1\0\0\0\0\0\0\0\1\0\0\0\1spki' | openssl dgst -sha256.
TEST(OrganizationKeyIdTest, AgreesWithAnIndependentComputation) {
  EXPECT_EQ(OrganizationKeyId(1, 1, "spki"), "DAnzGdPahkCxM1qEN5Pcmk");
}

TEST(OrganizationKeyIdTest, TenantsAndEpochsNeverShareOne) {
  EXPECT_NE(OrganizationKeyId(1, 1, "spki"), OrganizationKeyId(2, 1, "spki"));
  EXPECT_NE(OrganizationKeyId(1, 1, "spki"), OrganizationKeyId(1, 2, "spki"));
  EXPECT_NE(OrganizationKeyId(1, 1, "spki"), OrganizationKeyId(1, 1, "spkj"));
}

}  // namespace
}  // namespace tokensvc
