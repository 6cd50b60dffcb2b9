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
  return {.body = std::move(body), .etag = std::move(etag)};
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

bool IsPublished(KeyState state) { return state != KeyState::kUnpublished && state != KeyState::kRemoved; }

// Readers that take only the first key get one that signs; where there are too many, those that only did sign go first.
int Rank(KeyState state) {
  switch (state) {
    case KeyState::kSigning: return 0;
    case KeyState::kPublished: return 1;
    case KeyState::kStopped: return 2;
    case KeyState::kUnpublished:
    case KeyState::kRemoved: return 3;
  }
  return 3;
}

// The issuer's keys in the order of the document: the first kMaxPublishedKeys of those that are published stand in it.
std::vector<const PublishedKey*> KeysOf(const KeyBundle& bundle, const OrganizationIssuer& issuer, absl::Time now) {
  std::vector<const PublishedKey*> keys;
  for (const PublishedKey& key : bundle.keys) {
    if (key.slot.key_group == issuer.key_group && key.slot.algorithm == issuer.algorithm) keys.push_back(&key);
  }
  std::stable_sort(keys.begin(), keys.end(), [now](const PublishedKey* a, const PublishedKey* b) {
    return Rank(KeyStateAt(a->slot, now)) < Rank(KeyStateAt(b->slot, now));
  });
  return keys;
}

PublicDocument RenderJwks(const KeyBundle& bundle, const OrganizationIssuer& issuer, absl::Time now) {
  std::vector<std::string> shown;
  absl::Time next_key_signs = absl::InfiniteFuture();
  for (const PublishedKey* key : KeysOf(bundle, issuer, now)) {
    if (shown.size() < PublicDocuments::kMaxPublishedKeys && IsPublished(KeyStateAt(key->slot, now))) {
      const std::string kid = OrganizationKeyId(issuer.organization_id, issuer.epoch, key->spki_der);
      if (std::optional<std::string> jwk = JwkJson(key->spki_der, issuer.algorithm, kid)) shown.push_back(*std::move(jwk));
    } else if (key->slot.stopped > now) {
      next_key_signs = std::min(next_key_signs, key->slot.signing);
    }
  }
  PublicDocument document = Document(absl::StrCat("{\"keys\":[", absl::StrJoin(shown, ","), "]}"));
  document.next_key_signs = next_key_signs;
  return document;
}

}  // namespace

PublicDocuments::PublicDocuments(const KeyBundle& bundle, absl::Time now) {
  for (const OrganizationIssuer& issuer : bundle.organizations) {
    if (issuer.state == IssuerState::kDeleted) continue;
    by_slug_[issuer.slug] = {
        Document(DiscoveryJson(absl::StrCat(bundle.issuer_base, "/", issuer.slug), issuer.algorithm)),
        RenderJwks(bundle, issuer, now)};
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
