#include "tokensvc/macaroon/chain/mac_chain.h"

#include <algorithm>

#include "openssl/digest.h"
#include "openssl/hmac.h"
#include "openssl/mem.h"

namespace tokensvc::macaroon {
namespace {

// The key of the last step of a proof; part of the public format.
constexpr absl::string_view kFinalizationKey = "proof-signature-finalization";

std::array<uint8_t, kTailBytes> Mac(absl::string_view key, absl::string_view message) {
  std::array<uint8_t, kTailBytes> mac;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), key.size(), reinterpret_cast<const uint8_t*>(message.data()), message.size(),
       mac.data(), &size);
  return mac;
}

}  // namespace

MacChain::MacChain(const storage::SecretBytes& root_key, absl::string_view encoded_nonce)
    : tail_(Mac(root_key.Reveal(), encoded_nonce)) {}

MacChain::MacChain(absl::string_view tail) { std::copy_n(tail.begin(), tail_.size(), tail_.begin()); }

MacChain::~MacChain() { OPENSSL_cleanse(tail_.data(), tail_.size()); }

void MacChain::Add(absl::string_view packed_caveat) { tail_ = Mac(tail(), packed_caveat); }

std::string MacChain::FinalizedTail() const {
  const std::array<uint8_t, kTailBytes> finalized = Mac(kFinalizationKey, tail());
  return std::string(finalized.begin(), finalized.end());
}

}  // namespace tokensvc::macaroon
