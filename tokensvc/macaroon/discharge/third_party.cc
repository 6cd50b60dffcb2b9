#include "tokensvc/macaroon/discharge/third_party.h"

#include <array>
#include <cstdint>
#include <utility>

#include "openssl/sha.h"
#include "tokensvc/macaroon/caveats/caveat_codec.h"
#include "tokensvc/macaroon/chain/nonce.h"
#include "tokensvc/macaroon/discharge/sealed_box.h"
#include "tokensvc/macaroon/macaroon_limits.h"
#include "tokensvc/macaroon/msgpack/msgpack_reader.h"
#include "tokensvc/macaroon/msgpack/msgpack_writer.h"

namespace tokensvc::macaroon {
namespace {

constexpr size_t kBindingBytes = 16;

}  // namespace

absl::StatusOr<std::string> SealTicket(const storage::SecretBytes& shared_key, const Ticket& ticket) {
  MsgpackWriter writer;
  writer.ArrayHeader(2);
  writer.Binary(ticket.discharge_key.Reveal());
  WriteCaveats(ticket.conditions, writer);
  const storage::SecretBytes plaintext(std::move(writer).Take());
  return Seal(shared_key, plaintext.Reveal());
}

absl::StatusOr<Ticket> OpenTicket(const storage::SecretBytes& shared_key, absl::string_view sealed_ticket) {
  const absl::StatusOr<storage::SecretBytes> plaintext = Unseal(shared_key, sealed_ticket);
  if (!plaintext.ok()) return plaintext.status();
  MsgpackReader reader(plaintext->Reveal());
  reader.ArrayHeaderOf(2);
  storage::SecretBytes discharge_key{std::string(reader.Binary())};
  std::vector<Caveat> conditions = ReadCaveats(reader);
  if (absl::Status end = reader.Finish(); !end.ok()) return end;
  return Ticket{std::move(discharge_key), std::move(conditions)};
}

absl::Status RequireDischarge(Macaroon& macaroon, const storage::SecretBytes& shared_key, absl::string_view location,
                              absl::Span<const Caveat> conditions) {
  const Ticket ticket{storage::RandomSecret(kRootKeyBytes), {conditions.begin(), conditions.end()}};
  absl::StatusOr<std::string> sealed_ticket = SealTicket(shared_key, ticket);
  if (!sealed_ticket.ok()) return sealed_ticket.status();
  absl::StatusOr<std::string> verifier_key =
      Seal(storage::SecretBytes(macaroon.tail()), ticket.discharge_key.Reveal());
  if (!verifier_key.ok()) return verifier_key.status();
  return macaroon.Attenuate({{ThirdParty{std::string(location), *std::move(verifier_key), *std::move(sealed_ticket)}}});
}

absl::StatusOr<Macaroon> MintDischarge(const Ticket& ticket, absl::string_view sealed_ticket,
                                       absl::string_view location, absl::string_view rnd,
                                       absl::Span<const Caveat> caveats) {
  Nonce nonce{.kid = std::string(sealed_ticket), .rnd = std::string(rnd), .proof = true};
  return Macaroon::Mint(ticket.discharge_key, std::move(nonce), std::string(location), caveats);
}

BindToParentToken BindTo(const Macaroon& parent) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(parent.tail().data()), parent.tail().size(), digest.data());
  return BindToParentToken{std::string(digest.begin(), digest.begin() + kBindingBytes)};
}

}  // namespace tokensvc::macaroon
