#ifndef TOKENSVC_ISSUER_PUBLIC_DOCUMENTS_H_
#define TOKENSVC_ISSUER_PUBLIC_DOCUMENTS_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/issuer/key_bundle_reader.h"

namespace tokensvc {

struct PublicDocument {
  std::string body;
  std::string etag;  // strong: the body's hash, quoted
  // When the first key that should be in it and is not begins to sign; InfiniteFuture: none does.
  absl::Time next_key_signs = absl::InfiniteFuture();
};

// The documents of every organization, rendered once for a bundle and a time. A value: immutable, shared by requests.
//
// Discovery (OIDC Discovery, section 3) has what every reader of the reference insists on. A JWKS has one key type and at
// most kMaxPublishedKeys keys: those that sign, then those that will, then those that did. Each JWK is exactly kty use alg
// kid n e, or kty use alg kid crv x y: AWS refuses key_ops, Google x5c. Deleted organizations have none; stopped ones keep
// theirs.
class PublicDocuments {
 public:
  // Of one key group, which is all that an organization has: the one that signs, the one before, the one prepared.
  static constexpr size_t kMaxPublishedKeys = 3;

  PublicDocuments(const KeyBundle& bundle, absl::Time now);

  // By slug; null where there is none.
  const PublicDocument* Discovery(absl::string_view slug) const;
  const PublicDocument* Jwks(absl::string_view slug) const;

  // When a key changes its state next: render again then. InfiniteFuture where none will.
  absl::Time changes_at() const { return changes_at_; }

 private:
  struct Pair {
    PublicDocument discovery;
    PublicDocument jwks;
  };
  absl::flat_hash_map<std::string, Pair> by_slug_;
  absl::Time changes_at_ = absl::InfiniteFuture();
};

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_PUBLIC_DOCUMENTS_H_
