#include "tokensvc/signer/keys/token_key.h"

#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include "absl/strings/str_cat.h"

namespace tokensvc {

struct TokenKey::PublicKey {
  bssl::UniquePtr<EVP_PKEY> key;
};

TokenKey::TokenKey(HsmKey key, std::unique_ptr<PublicKey> public_key)
    : key_(std::move(key)), public_key_(std::move(public_key)) {}

TokenKey::~TokenKey() = default;

absl::StatusOr<std::shared_ptr<const TokenKey>> TokenKey::Create(HsmKey key) {
  CBS cbs;
  CBS_init(&cbs, reinterpret_cast<const uint8_t*>(key.spki_der.data()), key.spki_der.size());
  auto public_key = std::make_unique<PublicKey>();
  public_key->key.reset(EVP_parse_public_key(&cbs));
  const int want = key.type == HsmKeyType::kRsa2048 ? EVP_PKEY_RSA : EVP_PKEY_EC;
  if (public_key->key == nullptr || EVP_PKEY_id(public_key->key.get()) != want) {
    return absl::InvalidArgumentError(absl::StrCat("hsm key ", key.id, ": public key of another type"));
  }
  return std::shared_ptr<const TokenKey>(new TokenKey(std::move(key), std::move(public_key)));
}

absl::string_view TokenKey::alg() const { return key_.type == HsmKeyType::kRsa2048 ? "RS256" : "ES256"; }

bool TokenKey::MayLeave(absl::string_view sha256, absl::string_view signature) const {
  if (key_.type != HsmKeyType::kRsa2048) return true;
  return RSA_verify(NID_sha256, reinterpret_cast<const uint8_t*>(sha256.data()), sha256.size(),
                    reinterpret_cast<const uint8_t*>(signature.data()), signature.size(),
                    EVP_PKEY_get0_RSA(public_key_->key.get())) == 1;
}

std::shared_ptr<const TokenKey> ChooseTokenKey(const FleetState& fleet, const TokenKeys& keys,
                                               const OrganizationIssuer& organization, absl::Time now) {
  const KeySlot* chosen = nullptr;
  for (const auto& [name, slot] : fleet.key_slots()) {
    if (slot.key_group != organization.key_group || slot.algorithm != organization.algorithm) continue;
    if (KeyStateAt(slot, now) != KeyState::kSigning) continue;
    if (chosen == nullptr || chosen->signing < slot.signing) chosen = &slot;
  }
  if (chosen == nullptr) return nullptr;
  const auto found = keys.find({chosen->key_group, chosen->slot});
  return found == keys.end() ? nullptr : found->second;
}

std::string TokenKeyId(absl::string_view key_group, absl::string_view slot) {
  return absl::StrCat("flyd-key/", key_group, "/", slot);
}

HsmKeyType KeyTypeFor(SigningAlgorithm algorithm) {
  return algorithm == SigningAlgorithm::kRs256 ? HsmKeyType::kRsa2048 : HsmKeyType::kP256;
}

}  // namespace tokensvc
