#include "tokensvc/rpc/certificate_facts.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <optional>
#include <utility>

namespace tokensvc {
namespace {

bssl::UniquePtr<X509> FirstCertificate(absl::string_view pem) {
  bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return bssl::UniquePtr<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

std::optional<absl::Time> ReadTime(const ASN1_TIME* time) {
  bssl::UniquePtr<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  if (epoch == nullptr || !ASN1_TIME_diff(&days, &seconds, epoch.get(), time)) return std::nullopt;
  return absl::UnixEpoch() + absl::Hours(24) * days + absl::Seconds(seconds);
}

std::vector<std::string> ReadUris(X509* certificate) {
  std::vector<std::string> uris;
  bssl::UniquePtr<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return uris;
  for (size_t i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem) {
  bssl::UniquePtr<X509> certificate = FirstCertificate(pem);
  if (certificate == nullptr) return absl::InvalidArgumentError("certificate: not readable, want PEM");
  const std::optional<absl::Time> not_before = ReadTime(X509_get0_notBefore(certificate.get()));
  const std::optional<absl::Time> not_after = ReadTime(X509_get0_notAfter(certificate.get()));
  if (!not_before || !not_after) return absl::InvalidArgumentError("certificate: unreadable validity, want two times");
  return CertificateFacts{ReadUris(certificate.get()), *not_before, *not_after};
}

absl::Status CheckKeyMatches(absl::string_view certificate_pem, absl::string_view key_pem) {
  bssl::UniquePtr<X509> certificate = FirstCertificate(certificate_pem);
  if (certificate == nullptr) return absl::InvalidArgumentError("certificate: not readable, want PEM");
  bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return absl::InvalidArgumentError("private key: not readable, want PEM without a passphrase");
  if (!X509_check_private_key(certificate.get(), key.get())) {
    return absl::InvalidArgumentError("private key: another key, want the certificate's");
  }
  return absl::OkStatus();
}

}  // namespace tokensvc
