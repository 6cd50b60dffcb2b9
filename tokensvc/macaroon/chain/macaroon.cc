#include "tokensvc/macaroon/chain/macaroon.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tokensvc/limits.h"
#include "tokensvc/macaroon/caveats/caveat_codec.h"
#include "tokensvc/macaroon/chain/mac_chain.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

absl::Status TooLarge(size_t found) {
  return absl::InvalidArgumentError(absl::StrCat("macaroon: ", found, " bytes, want at most ", kMaxMacaroonBytes));
}

bool AsksSameThirdParty(const Caveat& a, const Caveat& b) {
  const auto* first = std::get_if<ThirdParty>(&a.body);
  const auto* second = std::get_if<ThirdParty>(&b.body);
  return first != nullptr && second != nullptr && first->location == second->location;
}

// Why `added` may not follow `present`; empty if it may.
std::string Objection(const Caveat& added, absl::string_view packed, absl::Span<const Caveat> present, bool proof) {
  const absl::StatusOr<std::vector<Caveat>> again = DecodeCaveats(packed);
  if (!again.ok()) return std::string(again.status().message());
  if (again->front() != added) return "another caveat once encoded, want the same";
  if (IsAttestation(added) && !proof) return "an attestation, want it in a proof only";
  if (present.size() >= kMaxCaveats) return absl::StrCat("one more, want at most ", kMaxCaveats);
  for (const Caveat& one : present) {
    if (AsksSameThirdParty(one, added)) return "a second for its location, want one";
  }
  return "";
}

}  // namespace

absl::StatusOr<Macaroon> Macaroon::Mint(const storage::SecretBytes& root_key, Nonce nonce, std::string location,
                                        absl::Span<const Caveat> caveats) {
  if (nonce.proof && nonce.version == NonceVersion::kV0) {
    return absl::InvalidArgumentError("nonce: a proof of version 0, want version 1");
  }
  const MacChain chain(root_key, EncodeNonce(nonce));
  Macaroon macaroon(std::move(nonce), std::move(location), {}, std::string(chain.tail()));
  if (absl::Status appended = macaroon.Append(caveats); !appended.ok()) return appended;
  if (macaroon.nonce_.proof) macaroon.tail_ = MacChain(macaroon.tail_).FinalizedTail();
  return macaroon;
}

absl::StatusOr<Macaroon> Macaroon::Decode(absl::string_view bytes) {
  if (bytes.size() > kMaxMacaroonBytes) return TooLarge(bytes.size());
  MsgpackReader reader(bytes);
  reader.ArrayHeaderOf(4);
  Nonce nonce = ReadNonce(reader);
  std::string location(reader.String());
  std::vector<Caveat> caveats = ReadCaveats(reader);
  std::string tail(reader.Binary());
  if (tail.size() != kTailBytes) reader.Fail(absl::StrCat("a tail of ", tail.size()), absl::StrCat(kTailBytes));
  if (const absl::Status end = reader.Finish(); !end.ok()) return end;
  return Macaroon(std::move(nonce), std::move(location), std::move(caveats), std::move(tail));
}

std::string Macaroon::Encode() const {
  MsgpackWriter writer;
  writer.ArrayHeader(4);
  WriteNonce(nonce_, writer);
  writer.String(location_);
  WriteCaveats(caveats_, writer);
  writer.Binary(tail_);
  return std::move(writer).Take();
}

absl::Status Macaroon::Attenuate(absl::Span<const Caveat> caveats) {
  if (nonce_.proof) return absl::FailedPreconditionError("macaroon: a finalized proof, want one that takes caveats");
  return Append(caveats);
}

absl::Status Macaroon::Append(absl::Span<const Caveat> caveats) {
  MacChain chain(tail_);
  Macaroon longer = *this;
  for (size_t i = 0; i < caveats.size(); ++i) {
    // Equal caveats are those with equal canonical forms, which is what operator== compares.
    if (std::find(longer.caveats_.begin(), longer.caveats_.end(), caveats[i]) != longer.caveats_.end()) continue;
    const std::string packed = EncodeCaveat(caveats[i]);
    const std::string objection = Objection(caveats[i], packed, longer.caveats_, nonce_.proof);
    if (!objection.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("added caveat ", i, " (", CaveatName(caveats[i]), "): ", objection));
    }
    chain.Add(packed);
    longer.caveats_.push_back(caveats[i]);
  }
  longer.tail_ = std::string(chain.tail());
  if (const size_t size = longer.Encode().size(); size > kMaxMacaroonBytes) return TooLarge(size);
  *this = std::move(longer);
  return absl::OkStatus();
}

}  // namespace tokensvc::macaroon
