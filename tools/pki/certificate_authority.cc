#include "tools/pki/certificate_authority.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tools {
namespace {

constexpr absl::Duration kRootLifetime = absl::Hours(24 * 3650);

bssl::UniquePtr<EVP_PKEY> NewKey() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || !EC_KEY_generate_key(ec.get()) ||
      !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) {
    return nullptr;
  }
  return key;
}

bool SetSerial(X509* certificate) {
  uint8_t bytes[16];
  RAND_bytes(bytes, sizeof(bytes));
  bytes[0] = (bytes[0] & 0x7f) | 0x40;  // positive, and 16 bytes for sure
  bssl::UniquePtr<BIGNUM> number(BN_bin2bn(bytes, sizeof(bytes), nullptr));
  bssl::UniquePtr<ASN1_INTEGER> serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
  return serial != nullptr && X509_set_serialNumber(certificate, serial.get());
}

bool SetTimes(X509* certificate, absl::Time not_before, absl::Time not_after) {
  bssl::UniquePtr<ASN1_TIME> from(ASN1_TIME_set(nullptr, absl::ToTimeT(not_before)));
  bssl::UniquePtr<ASN1_TIME> until(ASN1_TIME_set(nullptr, absl::ToTimeT(not_after)));
  return from != nullptr && until != nullptr && X509_set1_notBefore(certificate, from.get()) &&
         X509_set1_notAfter(certificate, until.get());
}

bool SetName(X509_NAME* name, absl::string_view common_name) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const uint8_t*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0);
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, nid, const_cast<char*>(value.c_str())));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1);
}

std::string AlternativeNames(const LeafSpec& spec) {
  std::vector<std::string> names;
  for (const std::string& uri : spec.uris) names.push_back("URI:" + uri);
  if (spec.localhost) names.insert(names.end(), {"DNS:localhost", "IP:127.0.0.1", "IP:::1"});
  return absl::StrJoin(names, ",");
}

std::string ToPem(BIO* bio) {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  BIO_mem_contents(bio, &bytes, &size);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

absl::StatusOr<CertifiedKey> Encode(X509* certificate, EVP_PKEY* key) {
  bssl::UniquePtr<BIO> certificate_bio(BIO_new(BIO_s_mem()));
  bssl::UniquePtr<BIO> key_bio(BIO_new(BIO_s_mem()));
  if (!PEM_write_bio_X509(certificate_bio.get(), certificate) ||
      !PEM_write_bio_PKCS8PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr)) {
    return absl::InternalError("certificate: not encodable, want PEM");
  }
  return CertifiedKey{ToPem(certificate_bio.get()), ToPem(key_bio.get())};
}

bssl::UniquePtr<X509> NewCertificate(EVP_PKEY* key, absl::Time not_before, absl::Time not_after) {
  bssl::UniquePtr<X509> certificate(X509_new());
  if (certificate == nullptr || !X509_set_version(certificate.get(), X509_VERSION_3) ||
      !SetSerial(certificate.get()) || !SetTimes(certificate.get(), not_before, not_after) ||
      !X509_set_pubkey(certificate.get(), key)) {
    return nullptr;
  }
  return certificate;
}

absl::Status NotMade() { return absl::InternalError("certificate: not made, want the library to"); }

}  // namespace

absl::StatusOr<CertifiedKey> CreateRoot(absl::string_view fleet, absl::Time now) {
  bssl::UniquePtr<EVP_PKEY> key = NewKey();
  if (key == nullptr) return NotMade();
  bssl::UniquePtr<X509> root = NewCertificate(key.get(), now - absl::Minutes(1), now + kRootLifetime);
  if (root == nullptr || !SetName(X509_get_subject_name(root.get()), absl::StrCat(fleet, " root")) ||
      !X509_set_issuer_name(root.get(), X509_get_subject_name(root.get())) ||
      !AddExtension(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(root.get(), root.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(root.get(), root.get(), NID_subject_key_identifier, "hash") ||
      !AddExtension(root.get(), root.get(), NID_subject_alt_name, absl::StrCat("URI:spiffe://", fleet)) ||
      !X509_sign(root.get(), key.get(), EVP_sha256())) {
    return NotMade();
  }
  return Encode(root.get(), key.get());
}

absl::StatusOr<CertifiedKey> IssueCertificate(const CertifiedKey& root, const LeafSpec& spec) {
  bssl::UniquePtr<BIO> certificate_bio(
      BIO_new_mem_buf(root.certificate_pem.data(), static_cast<int>(root.certificate_pem.size())));
  bssl::UniquePtr<BIO> key_bio(
      BIO_new_mem_buf(root.private_key_pem.data(), static_cast<int>(root.private_key_pem.size())));
  bssl::UniquePtr<X509> issuer(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
  bssl::UniquePtr<EVP_PKEY> issuer_key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  if (issuer == nullptr || issuer_key == nullptr || !X509_check_private_key(issuer.get(), issuer_key.get())) {
    return absl::InvalidArgumentError("root: unreadable, want a certificate and its key in PEM");
  }
  bssl::UniquePtr<EVP_PKEY> key = NewKey();
  if (key == nullptr) return NotMade();
  bssl::UniquePtr<X509> leaf = NewCertificate(key.get(), spec.not_before, spec.not_after);
  // No subject: the names that count are the alternative ones, which are then critical (RFC 5280, 4.2.1.6).
  if (leaf == nullptr || !X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer.get())) ||
      !AddExtension(leaf.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(leaf.get(), issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(leaf.get(), issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
      !AddExtension(leaf.get(), issuer.get(), NID_authority_key_identifier, "keyid") ||
      !AddExtension(leaf.get(), issuer.get(), NID_subject_alt_name, "critical," + AlternativeNames(spec)) ||
      !X509_sign(leaf.get(), issuer_key.get(), EVP_sha256())) {
    return NotMade();
  }
  return Encode(leaf.get(), key.get());
}

}  // namespace tools
