#ifndef TOKENSVC_MACAROON_CHAIN_MAC_CHAIN_H_
#define TOKENSVC_MACAROON_CHAIN_MAC_CHAIN_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/secret_bytes.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {

// The HMAC-SHA256 chain of one token. Invariant: tail() is the MAC over everything added so far, each value keyed with
// the one before. The first message is the encoded nonce, each later one a caveat container of one.
class MacChain {
 public:
  MacChain(const storage::SecretBytes& root_key, absl::string_view encoded_nonce);

  // Goes on from a token's tail, as whoever holds the token can. `tail` is kTailBytes long.
  explicit MacChain(absl::string_view tail);

  ~MacChain();
  MacChain(const MacChain&) = delete;
  MacChain& operator=(const MacChain&) = delete;

  void Add(absl::string_view packed_caveat);

  // Valid until the next Add.
  absl::string_view tail() const { return {reinterpret_cast<const char*>(tail_.data()), tail_.size()}; }

  // What a proof carries instead of the last value, so that nobody can go on from it.
  std::string FinalizedTail() const;

 private:
  std::array<uint8_t, kTailBytes> tail_;
};

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CHAIN_MAC_CHAIN_H_
