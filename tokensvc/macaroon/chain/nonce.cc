#include "tokensvc/macaroon/chain/nonce.h"

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "openssl/sha.h"

namespace tokensvc::macaroon {
namespace {

// 968fc2c6-a94f-4988-a544-2ad72b02f222, the public library's namespace of nonces.
constexpr absl::string_view kUuidNamespace("\x96\x8f\xc2\xc6\xa9\x4f\x49\x88\xa5\x44\x2a\xd7\x2b\x02\xf2\x22", 16);

// RFC 9562, version 5: the first 16 bytes of SHA-1, with version and variant set.
std::string UuidV5(absl::string_view name_space, absl::string_view name) {
  const std::string message = absl::StrCat(name_space, name);
  std::array<uint8_t, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const uint8_t*>(message.data()), message.size(), digest.data());
  digest[6] = (digest[6] & 0x0f) | 0x50;
  digest[8] = (digest[8] & 0x3f) | 0x80;
  return std::string(reinterpret_cast<const char*>(digest.data()), 16);
}

}  // namespace

void WriteNonce(const Nonce& nonce, MsgpackWriter& writer) {
  writer.ArrayHeader(nonce.version == NonceVersion::kV0 ? 2 : 3);
  writer.Binary(nonce.kid);
  writer.Binary(nonce.rnd);
  if (nonce.version != NonceVersion::kV0) writer.Bool(nonce.proof);
}

std::string EncodeNonce(const Nonce& nonce) {
  MsgpackWriter writer;
  WriteNonce(nonce, writer);
  return std::move(writer).Take();
}

Nonce ReadNonce(MsgpackReader& reader) {
  const size_t elements = reader.ArrayHeader();
  if (elements != 2 && elements != 3) reader.Fail(absl::StrCat("a nonce of ", elements, " fields"), "2 or 3");
  Nonce nonce;
  nonce.version = elements == 2 ? NonceVersion::kV0 : NonceVersion::kV1;
  nonce.kid = std::string(reader.Binary());
  nonce.rnd = std::string(reader.Binary());
  if (elements == 3) nonce.proof = reader.Bool();
  return nonce;
}

std::string NonceUuid(const Nonce& nonce) {
  const std::string hex = absl::BytesToHexString(UuidV5(UuidV5(kUuidNamespace, nonce.kid), nonce.rnd));
  const absl::string_view h = hex;
  return absl::StrCat(h.substr(0, 8), "-", h.substr(8, 4), "-", h.substr(12, 4), "-", h.substr(16, 4), "-",
                      h.substr(20));
}

}  // namespace tokensvc::macaroon
