#ifndef TOKENSVC_MACAROON_CHAIN_NONCE_H_
#define TOKENSVC_MACAROON_CHAIN_NONCE_H_

#include <cstdint>
#include <string>

#include "tokensvc/macaroon/msgpack/msgpack_reader.h"
#include "tokensvc/macaroon/msgpack/msgpack_writer.h"

namespace tokensvc::macaroon {

// On the wire an array of two (v0) or three (v1). Append only.
enum class NonceVersion : uint8_t { kV0 = 0, kV1 = 1 };

// What makes a token unique; the first message of its chain, so a v0 nonce is always written as v0 again.
struct Nonce {
  std::string kid;     // names the root key; in a discharge, the whole ticket
  std::string rnd;     // 16 random bytes in every token that we make; any length in those of others
  bool proof = false;  // the tail is finalised and no caveat can be added; false in v0
  NonceVersion version = NonceVersion::kV1;
  friend bool operator==(const Nonce&, const Nonce&) = default;
};

std::string EncodeNonce(const Nonce& nonce);
void WriteNonce(const Nonce& nonce, MsgpackWriter& writer);

// The reader keeps the fault.
Nonce ReadNonce(MsgpackReader& reader);

// The token's identity in logs and revocations: a UUID version 5 of KID, then of Rnd, lower case, 36 characters.
std::string NonceUuid(const Nonce& nonce);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CHAIN_NONCE_H_
