#include "tokensvc/issuer/public_documents.h"

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "tokensvc/claims/key_id.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/fleetlog/fleet_state.h"
#include "tokensvc/issuer/jwk.h"

namespace tokensvc {
namespace {

using nlohmann::json;

PublicDocument Document(std::string body) {
  std::string etag = absl::StrCat("\"", absl::BytesToHexString(Sha256(body).substr(0, 16)), "\"");
  return {std::move(body), std::move(etag)};
}

std::string DiscoveryJson(const std::string& issuer, SigningAlgorithm algorithm) {
  const json document = {
      {"issuer", issuer},
      {"jwks_uri", absl::StrCat(issuer, "/.well-known/jwks")},
      // Some readers refuse a document without it; nobody can be sent there.
      {"authorization_endpoint", absl::StrCat(issuer, "/authorize")},
      {"response_types_supported", {"id_token"}},
      {"subject_types_supported", {"public"}},
      {"id_token_signing_alg_values_supported", {algorithm == SigningAlgorithm::kRs256 ? "RS256" : "ES256"}},
      {"scopes_supported", {"openid"}},
      {"claims_supported",
       {"app_id", "app_name", "aud", "exp", "iat", "image", "image_digest", "iss", "jti", "machine_id", "machine_name",
        "machine_version", "nbf", "org_id", "org_name", "region", "sub"}},
  };
  return document.dump();
}

// Keys that verifiers should know at `now`, the signing ones first: readers that take only the first key get that one.
std::vector<const PublishedKey*> KeysOf(const KeyBundle& bundle, const OrganizationIssuer& issuer, absl::Time now) {
  std::vector<const PublishedKey*> keys;
  for (const PublishedKey& key : bundle.keys) {
    const KeyState state = KeyStateAt(key.slot, now);
    const bool published = state != KeyState::kUnpublished && state != KeyState::kRemoved;
    if (published && key.slot.key_group == issuer.key_group && key.slot.algorithm == issuer.algorithm) keys.push_back(&key);
  }
  const auto rank = [now](const PublishedKey* key) { return KeyStateAt(key->slot, now) == KeyState::kSigning ? 0 : 1; };
  std::stable_sort(keys.begin(), keys.end(),
                   [&](const PublishedKey* a, const PublishedKey* b) { return rank(a) < rank(b); });
  if (keys.size() > PublicDocuments::kMaxPublishedKeys) keys.resize(PublicDocuments::kMaxPublishedKeys);
  return keys;
}

std::string JwksJson(const KeyBundle& bundle, const OrganizationIssuer& issuer, absl::Time now) {
  std::vector<std::string> keys;
  for (const PublishedKey* key : KeysOf(bundle, issuer, now)) {
    const std::string kid = OrganizationKeyId(issuer.organization_id, issuer.epoch, key->spki_der);
    if (std::optional<std::string> jwk = JwkJson(key->spki_der, issuer.algorithm, kid)) keys.push_back(*std::move(jwk));
  }
  return absl::StrCat("{\"keys\":[", absl::StrJoin(keys, ","), "]}");
}

}  // namespace

PublicDocuments::PublicDocuments(const KeyBundle& bundle, absl::Time now) {
  for (const OrganizationIssuer& issuer : bundle.organizations) {
    if (issuer.state == IssuerState::kDeleted) continue;
    by_slug_[issuer.slug] = {
        Document(DiscoveryJson(absl::StrCat(bundle.issuer_base, "/", issuer.slug), issuer.algorithm)),
        Document(JwksJson(bundle, issuer, now))};
  }
  for (const PublishedKey& key : bundle.keys) {
    for (const absl::Time at : {key.slot.published, key.slot.signing, key.slot.stopped, key.slot.removed}) {
      if (at > now) changes_at_ = std::min(changes_at_, at);
    }
  }
}

const PublicDocument* PublicDocuments::Discovery(absl::string_view slug) const {
  const auto found = by_slug_.find(slug);
  return found == by_slug_.end() ? nullptr : &found->second.discovery;
}

const PublicDocument* PublicDocuments::Jwks(absl::string_view slug) const {
  const auto found = by_slug_.find(slug);
  return found == by_slug_.end() ? nullptr : &found->second.jwks;
}

}  // namespace tokensvc
