#include "tests/issuer/test_bundle.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/signer/v1/signer.pb.h"

namespace tests {
namespace {

namespace fleet = fly::fleet::v1;
namespace signer = fly::signer::v1;

// Keys made once with OpenSSL, so that the documents' bytes can stand in a test.
constexpr absl::string_view kRsaSpki =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzErQjLYySIhG9lqIr3kdhv5ON2AlEJSIxaTLL+lDNggWoFrw9ggtuKpO"
    "LBvg8EFFLYZ7hTWkPSKjvSt0EfUCugSjELoKGy8/boF+w78wrWtUX/2f21bQoBpg0OWJSG52OIx6kM1Wc3O33GvUBGd5th4NbQ5S"
    "n5zC+hwC/+DUsgvnnQydkxkqI2r2VM3NLmlMMHL5/pCjAX/LkNCyWndbrIQKNQVMvYpgGZ4xbsXIy5O8G7uUtFKM3x53pD8AOx2j"
    "cDz5Bn4JZvpGBp0zQasPPMkLU97j79mVabPpzX2T/uzpZC9yXekCIEZw0S/q1pgMuurNYsRkPWUSy+1+rxZVTwIDAQAB";
constexpr absl::string_view kEcSpki =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmyYJk3+EoarNEs+c+00X+VQs4tcilV/nvMgVaCz3wVzlsM03tiL2LmqlksQn1D7C"
    "zm6PpnS/8fB+DRQJlZJybw==";

void AddOrganization(signer::KeyBundle& bundle, uint64_t id, const char* slug, fleet::SigningAlgorithm algorithm,
                     uint32_t epoch, fleet::OrganizationIssuer::State state) {
  fleet::OrganizationIssuer& issuer = *bundle.add_organizations();
  issuer.set_organization_id(id);
  issuer.set_slug(slug);
  issuer.set_algorithm(algorithm);
  issuer.set_epoch(epoch);
  issuer.set_state(state);
  issuer.set_key_group("default");
}

signer::PublishedKey& AddKey(signer::KeyBundle& bundle, const char* slot, fleet::SigningAlgorithm algorithm,
                             absl::Time signing, const std::string& spki_der) {
  signer::PublishedKey& key = *bundle.add_keys();
  key.set_spki_der(spki_der);
  key.mutable_slot()->set_slot(slot);
  key.mutable_slot()->set_key_group("default");
  key.mutable_slot()->set_algorithm(algorithm);
  key.mutable_slot()->set_published_unix(absl::ToUnixSeconds(kBundleStart));
  key.mutable_slot()->set_signing_unix(absl::ToUnixSeconds(signing));
  key.mutable_slot()->set_stopped_unix(absl::ToUnixSeconds(signing + absl::Hours(24)));
  key.mutable_slot()->set_removed_unix(absl::ToUnixSeconds(signing + absl::Hours(48)));
  return key;
}

std::string FromBase64(absl::string_view text) {
  std::string bytes;
  absl::Base64Unescape(text, &bytes);
  return bytes;
}

void AddOldKeys(signer::KeyBundle& bundle) {
  for (const char* slot : {"es256-old-1", "es256-old-2", "es256-old-3"}) {
    AddKey(bundle, slot, fleet::SIGNING_ALGORITHM_ES256, kBundleStart - absl::Hours(24), FromBase64(kEcSpki))
        .mutable_slot()
        ->set_published_unix(absl::ToUnixSeconds(kBundleStart - absl::Hours(48)));
  }
}

}  // namespace

std::string SignedTestBundle(const Es256TestKey& bundle_key, const TestBundle& options) {
  signer::KeyBundle bundle;
  bundle.set_format_version(1);
  bundle.set_fleet(options.fleet);
  bundle.set_issuer_base(options.issuer_base);
  bundle.set_fleet_log_number(options.fleet_log_number);
  bundle.set_issued_unix(absl::ToUnixSeconds(kBundleStart));
  AddOrganization(bundle, 11, "acme", fleet::SIGNING_ALGORITHM_RS256, 1, fleet::OrganizationIssuer::STATE_ACTIVE);
  AddOrganization(bundle, 12, "globex", fleet::SIGNING_ALGORITHM_ES256, 3, fleet::OrganizationIssuer::STATE_ACTIVE);
  AddOrganization(bundle, 13, "stopped", fleet::SIGNING_ALGORITHM_RS256, 1, fleet::OrganizationIssuer::STATE_STOPPED);
  AddOrganization(bundle, 14, "gone", fleet::SIGNING_ALGORITHM_RS256, 1, fleet::OrganizationIssuer::STATE_DELETED);
  if (options.crowded) AddOldKeys(bundle);
  // The next key stands first in the bundle, so that the documents' order is their own doing. It is the same in every bundle.
  static const Es256TestKey& next = *new Es256TestKey();
  AddKey(bundle, "es256-2", fleet::SIGNING_ALGORITHM_ES256, kBundleStart + absl::Hours(24), next.spki_der());
  AddKey(bundle, "es256-1", fleet::SIGNING_ALGORITHM_ES256, kBundleStart, FromBase64(kEcSpki));
  AddKey(bundle, "rs256-1", fleet::SIGNING_ALGORITHM_RS256, kBundleStart, FromBase64(kRsaSpki));
  if (options.crowded) {
    AddKey(bundle, "rs256-2", fleet::SIGNING_ALGORITHM_RS256, kBundleStart + absl::Hours(2), FromBase64(kRsaSpki))
        .mutable_slot()
        ->set_published_unix(absl::ToUnixSeconds(kBundleStart + absl::Hours(1)));
  }
  signer::SignedKeyBundle envelope;
  envelope.set_payload(bundle.SerializeAsString());
  envelope.set_signature(bundle_key.Sign(absl::StrCat(absl::string_view("flyd-key-bundle-v1\0", 19), envelope.payload())));
  envelope.set_bundle_key_spki_der(bundle_key.spki_der());
  return envelope.SerializeAsString();
}

}  // namespace tests
