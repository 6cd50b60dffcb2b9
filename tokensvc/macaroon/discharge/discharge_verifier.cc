#include "tokensvc/macaroon/discharge/discharge_verifier.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "openssl/sha.h"
#include "tokensvc/macaroon/caveats/caveat_codec.h"
#include "tokensvc/macaroon/chain/mac_chain.h"
#include "tokensvc/macaroon/discharge/sealed_box.h"
#include "tokensvc/macaroon/discharge/third_party.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;

absl::Status Unauthenticated(absl::string_view message) { return absl::UnauthenticatedError(message); }

absl::Status AtCaveat(size_t index, const Caveat& caveat, absl::string_view message) {
  return Unauthenticated(absl::StrCat("caveat ", index, " (", CaveatName(caveat), "): ", message));
}

std::string Digest(absl::string_view chain_value) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(chain_value.data()), chain_value.size(), digest.data());
  return std::string(digest.begin(), digest.end());
}

// What a chain that holds gives to those who depend on it.
struct Links {
  std::vector<std::string> digests;       // of every value, before finalisation
  std::vector<SecretBytes> tails_before;  // the value before each caveat
};

absl::StatusOr<Links> FollowChain(const Macaroon& macaroon, const SecretBytes& root_key) {
  MacChain chain(root_key, EncodeNonce(macaroon.nonce()));
  Links links;
  links.digests.push_back(Digest(chain.tail()));
  for (const Caveat& caveat : macaroon.unverified_caveats()) {
    links.tails_before.emplace_back(std::string(chain.tail()));
    chain.Add(EncodeCaveat(caveat));
    links.digests.push_back(Digest(chain.tail()));
  }
  const std::string want = macaroon.nonce().proof ? chain.FinalizedTail() : std::string(chain.tail());
  if (!storage::EqualInConstantTime(want, macaroon.tail())) {
    return Unauthenticated("macaroon: another tail, want the chain of its key");
  }
  return links;
}

bool IsBound(const BindToParentToken& binding, absl::Span<const std::string> parent_digests) {
  if (binding.digest_prefix.empty()) return false;
  return std::any_of(parent_digests.begin(), parent_digests.end(), [&binding](const std::string& digest) {
    return absl::StartsWith(digest, binding.digest_prefix);
  });
}

// The rules of every token, permission or discharge, that its own chain does not hold.
absl::Status CheckStanding(const Macaroon& macaroon, absl::Span<const std::string> parent_digests) {
  const std::vector<Caveat>& caveats = macaroon.unverified_caveats();
  for (size_t i = 0; i < caveats.size(); ++i) {
    const auto* binding = std::get_if<BindToParentToken>(&caveats[i].body);
    if (binding != nullptr && !IsBound(*binding, parent_digests)) {
      return AtCaveat(i, caveats[i], "another parent token, want the one it is bound to");
    }
    if (IsAttestation(caveats[i]) && !macaroon.nonce().proof) return AtCaveat(i, caveats[i], "not a proof, want one");
  }
  return absl::OkStatus();
}

// A discharge stands under the key that its third-party caveat sealed, and never needs discharges of its own.
absl::StatusOr<std::vector<Caveat>> VerifyDischarge(const Macaroon& discharge, const SecretBytes& key,
                                                    absl::Span<const std::string> parent_digests, bool trusted) {
  if (const absl::StatusOr<Links> links = FollowChain(discharge, key); !links.ok()) return links.status();
  if (absl::Status standing = CheckStanding(discharge, parent_digests); !standing.ok()) return standing;
  std::vector<Caveat> kept;
  for (const Caveat& caveat : discharge.unverified_caveats()) {
    if (std::holds_alternative<ThirdParty>(caveat.body)) {
      return Unauthenticated("a third party inside a discharge, want none");
    }
    const bool dropped =
        std::holds_alternative<BindToParentToken>(caveat.body) || (IsAttestation(caveat) && !trusted);
    if (!dropped) kept.push_back(caveat);
  }
  return kept;
}

}  // namespace

absl::StatusOr<PermissionAndDischarges> SortTokens(absl::Span<const std::string> tokens, absl::string_view location) {
  std::optional<Macaroon> permission;
  std::vector<Macaroon> discharges;
  for (const std::string& token : tokens) {
    absl::StatusOr<Macaroon> macaroon = Macaroon::Decode(token);
    if (!macaroon.ok()) continue;
    if (macaroon->unverified_location() != location) {
      discharges.push_back(*std::move(macaroon));
    } else if (permission.has_value()) {
      return Unauthenticated("macaroon: several permission tokens, want one");
    } else {
      permission = *std::move(macaroon);
    }
  }
  if (!permission.has_value()) return Unauthenticated("macaroon: no permission token, want one");
  return PermissionAndDischarges{*std::move(permission), std::move(discharges)};
}

bool DischargeVerifier::IsTrusted(const Macaroon& discharge, const SecretBytes& discharge_key) const {
  const auto keys = trusted_.find(discharge.unverified_location());
  if (keys == trusted_.end()) return false;
  return std::any_of(keys->second.begin(), keys->second.end(), [&](const SecretBytes& shared_key) {
    const absl::StatusOr<Ticket> ticket = OpenTicket(shared_key, discharge.nonce().kid);
    return ticket.ok() && ticket->discharge_key == discharge_key;
  });
}

absl::StatusOr<std::vector<Caveat>> DischargeVerifier::Discharge(const ThirdParty& caveat,
                                                                 const SecretBytes& tail_before,
                                                                 absl::Span<const Macaroon> discharges,
                                                                 absl::Span<const std::string> parent_digests) const {
  const absl::StatusOr<SecretBytes> key = Unseal(tail_before, caveat.verifier_key);
  if (!key.ok()) return key.status();
  absl::Status last = Unauthenticated("no discharge, want one");
  for (const Macaroon& discharge : discharges) {
    if (discharge.nonce().kid != caveat.ticket) continue;
    absl::StatusOr<std::vector<Caveat>> caveats =
        VerifyDischarge(discharge, *key, parent_digests, IsTrusted(discharge, *key));
    if (caveats.ok()) return caveats;
    last = caveats.status();
  }
  return last;
}

absl::StatusOr<VerifiedMacaroon> DischargeVerifier::Verify(const Macaroon& permission, const SecretBytes& root_key,
                                                           absl::Span<const Macaroon> discharges) const {
  const absl::StatusOr<Links> links = FollowChain(permission, root_key);
  if (!links.ok()) return links.status();
  if (absl::Status standing = CheckStanding(permission, {}); !standing.ok()) return standing;
  std::vector<Caveat> kept;
  std::vector<Caveat> of_discharges;
  const std::vector<Caveat>& caveats = permission.unverified_caveats();
  for (size_t i = 0; i < caveats.size(); ++i) {
    const auto* third_party = std::get_if<ThirdParty>(&caveats[i].body);
    if (third_party == nullptr) {
      kept.push_back(caveats[i]);
      continue;
    }
    absl::StatusOr<std::vector<Caveat>> more =
        Discharge(*third_party, links->tails_before[i], discharges, links->digests);
    if (!more.ok()) return AtCaveat(i, caveats[i], more.status().message());
    of_discharges.insert(of_discharges.end(), more->begin(), more->end());
  }
  kept.insert(kept.end(), of_discharges.begin(), of_discharges.end());
  return VerifiedMacaroon(permission.nonce(), std::move(kept));
}

}  // namespace tokensvc::macaroon
