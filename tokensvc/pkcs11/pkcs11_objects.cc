#include "tokensvc/pkcs11/pkcs11_objects.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <p11-kit/pkcs11.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tokensvc/pkcs11/pkcs11_module.h"

namespace tokensvc {
namespace {

// OBJECT IDENTIFIER 1.2.840.10045.3.1.7, DER.
constexpr uint8_t kP256Oid[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr uint8_t kExponent65537[] = {0x01, 0x00, 0x01};
constexpr CK_ULONG kRsaBits = 2048;

CK_ATTRIBUTE Bytes(CK_ATTRIBUTE_TYPE type, absl::string_view value) {
  return {type, const_cast<char*>(value.data()), value.size()};
}

template <typename T>
CK_ATTRIBUTE Value(CK_ATTRIBUTE_TYPE type, const T& value) {
  return {type, const_cast<T*>(&value), sizeof(T)};
}

absl::StatusOr<std::vector<unsigned long>> Find(const CK_FUNCTION_LIST& functions, unsigned long session,
                                                CK_OBJECT_CLASS object_class, absl::string_view id) {
  CK_ATTRIBUTE wanted[] = {Value(CKA_CLASS, object_class), Bytes(CKA_ID, id)};
  if (CK_RV result = functions.C_FindObjectsInit(session, wanted, 2); result != CKR_OK) {
    return Pkcs11Status("C_FindObjectsInit", result);
  }
  CK_OBJECT_HANDLE found[8];
  CK_ULONG count = 0;
  const CK_RV result = functions.C_FindObjects(session, found, 8, &count);
  functions.C_FindObjectsFinal(session);
  if (result != CKR_OK) return Pkcs11Status("C_FindObjects", result);
  return std::vector<unsigned long>(found, found + count);
}

absl::StatusOr<std::string> ReadAttribute(const CK_FUNCTION_LIST& functions, unsigned long session,
                                          unsigned long handle, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE attribute = {type, nullptr, 0};
  if (CK_RV result = functions.C_GetAttributeValue(session, handle, &attribute, 1); result != CKR_OK) {
    return Pkcs11Status("C_GetAttributeValue", result);
  }
  std::string value(attribute.ulValueLen, '\0');
  attribute.pValue = value.data();
  if (CK_RV result = functions.C_GetAttributeValue(session, handle, &attribute, 1); result != CKR_OK) {
    return Pkcs11Status("C_GetAttributeValue", result);
  }
  return value;
}

absl::StatusOr<std::string> MarshalSpki(bssl::UniquePtr<EVP_PKEY> key) {
  bssl::ScopedCBB cbb;
  uint8_t* der = nullptr;
  size_t size = 0;
  if (!CBB_init(cbb.get(), 512) || !EVP_marshal_public_key(cbb.get(), key.get()) ||
      !CBB_finish(cbb.get(), &der, &size)) {
    return absl::InternalError("public key: cannot be encoded");
  }
  std::string spki(reinterpret_cast<const char*>(der), size);
  OPENSSL_free(der);
  return spki;
}

const uint8_t* Data(absl::string_view bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

absl::StatusOr<std::string> RsaSpki(absl::string_view modulus, absl::string_view exponent) {
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<BIGNUM> n(BN_bin2bn(Data(modulus), modulus.size(), nullptr));
  bssl::UniquePtr<BIGNUM> e(BN_bin2bn(Data(exponent), exponent.size(), nullptr));
  if (BN_num_bits(n.get()) != kRsaBits) {
    return absl::FailedPreconditionError(absl::StrCat("modulus: ", BN_num_bits(n.get()), " bits, want ", kRsaBits));
  }
  RSA_set0_key(rsa.get(), n.release(), e.release(), nullptr);
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  EVP_PKEY_set1_RSA(key.get(), rsa.get());
  return MarshalSpki(std::move(key));
}

// CKA_EC_POINT is a DER OCTET STRING around the point; some modules give the bare point.
absl::StatusOr<std::string> P256Spki(absl::string_view ec_point) {
  CBS cbs, inner;
  CBS_init(&cbs, Data(ec_point), ec_point.size());
  const bool wrapped = CBS_get_asn1(&cbs, &inner, CBS_ASN1_OCTETSTRING) && CBS_len(&cbs) == 0;
  if (!wrapped) CBS_init(&inner, Data(ec_point), ec_point.size());
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  const EC_GROUP* group = EC_KEY_get0_group(ec.get());
  bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
  if (!EC_POINT_oct2point(group, point.get(), CBS_data(&inner), CBS_len(&inner), nullptr) ||
      !EC_KEY_set_public_key(ec.get(), point.get())) {
    return absl::FailedPreconditionError("CKA_EC_POINT: not a point, want one on P-256");
  }
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  EVP_PKEY_set1_EC_KEY(key.get(), ec.get());
  return MarshalSpki(std::move(key));
}

struct WantedFlag {
  CK_ATTRIBUTE_TYPE type;
  absl::string_view name;
  bool want;
};

// What a key must say of itself: it never was outside, cannot get out, and does nothing but sign.
constexpr WantedFlag kWantedFlags[] = {
    {CKA_TOKEN, "CKA_TOKEN", true},
    {CKA_PRIVATE, "CKA_PRIVATE", true},
    {CKA_SENSITIVE, "CKA_SENSITIVE", true},
    {CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE", true},
    {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", false},
    {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", true},
    {CKA_LOCAL, "CKA_LOCAL", true},
    {CKA_SIGN, "CKA_SIGN", true},
    {CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", false},
    {CKA_DECRYPT, "CKA_DECRYPT", false},
    {CKA_UNWRAP, "CKA_UNWRAP", false},
    {CKA_DERIVE, "CKA_DERIVE", false},
};

}  // namespace

absl::StatusOr<unsigned long> FindPrivateKey(const CK_FUNCTION_LIST& functions, unsigned long session,
                                             absl::string_view id) {
  const absl::StatusOr<std::vector<unsigned long>> found = Find(functions, session, CKO_PRIVATE_KEY, id);
  if (!found.ok()) return found.status();
  if (found->empty()) return absl::NotFoundError(absl::StrCat("hsm key ", id, ": none"));
  if (found->size() > 1) return absl::FailedPreconditionError(absl::StrCat("hsm key ", id, ": ", found->size(), ", want 1"));
  return found->front();
}

absl::Status CheckPrivateKey(const CK_FUNCTION_LIST& functions, unsigned long session, unsigned long handle,
                             absl::string_view id, HsmKeyType type) {
  for (const WantedFlag& flag : kWantedFlags) {
    const absl::StatusOr<std::string> value = ReadAttribute(functions, session, handle, flag.type);
    if (!value.ok()) return value.status();
    if (*value != std::string(1, flag.want ? '\1' : '\0')) {
      return absl::FailedPreconditionError(
          absl::StrCat("hsm key ", id, " ", flag.name, ": ", !flag.want, ", want ", flag.want));
    }
  }
  CK_KEY_TYPE found = 0;
  CK_ATTRIBUTE attribute = Value(CKA_KEY_TYPE, found);
  if (CK_RV result = functions.C_GetAttributeValue(session, handle, &attribute, 1); result != CKR_OK) {
    return Pkcs11Status("C_GetAttributeValue", result);
  }
  const CK_KEY_TYPE want = type == HsmKeyType::kRsa2048 ? CKK_RSA : CKK_EC;
  if (found != want) {
    return absl::FailedPreconditionError(absl::StrCat("hsm key ", id, " CKA_KEY_TYPE: ", found, ", want ", want));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadPublicKey(const CK_FUNCTION_LIST& functions, unsigned long session,
                                          absl::string_view id, HsmKeyType type) {
  const absl::StatusOr<std::vector<unsigned long>> found = Find(functions, session, CKO_PUBLIC_KEY, id);
  if (!found.ok()) return found.status();
  if (found->size() != 1) {
    return absl::FailedPreconditionError(absl::StrCat("hsm public key ", id, ": ", found->size(), ", want 1"));
  }
  if (type == HsmKeyType::kP256) {
    const absl::StatusOr<std::string> point = ReadAttribute(functions, session, found->front(), CKA_EC_POINT);
    return point.ok() ? P256Spki(*point) : point;
  }
  const absl::StatusOr<std::string> modulus = ReadAttribute(functions, session, found->front(), CKA_MODULUS);
  if (!modulus.ok()) return modulus;
  const absl::StatusOr<std::string> exponent = ReadAttribute(functions, session, found->front(), CKA_PUBLIC_EXPONENT);
  return exponent.ok() ? RsaSpki(*modulus, *exponent) : exponent;
}

absl::Status DestroyPublicKeys(const CK_FUNCTION_LIST& functions, unsigned long session, absl::string_view id) {
  const absl::StatusOr<std::vector<unsigned long>> found = Find(functions, session, CKO_PUBLIC_KEY, id);
  if (!found.ok()) return found.status();
  for (const unsigned long handle : *found) {
    if (CK_RV result = functions.C_DestroyObject(session, handle); result != CKR_OK) {
      return Pkcs11Status("C_DestroyObject", result);
    }
  }
  return absl::OkStatus();
}

absl::Status GenerateKeyPair(const CK_FUNCTION_LIST& functions, unsigned long session, absl::string_view id,
                             HsmKeyType type) {
  const CK_BBOOL yes = CK_TRUE;
  const CK_BBOOL no = CK_FALSE;
  const absl::string_view exponent(reinterpret_cast<const char*>(kExponent65537), sizeof(kExponent65537));
  const absl::string_view curve(reinterpret_cast<const char*>(kP256Oid), sizeof(kP256Oid));
  std::vector<CK_ATTRIBUTE> shared = {Value(CKA_TOKEN, yes), Bytes(CKA_ID, id), Bytes(CKA_LABEL, id)};
  std::vector<CK_ATTRIBUTE> open = shared;
  open.insert(open.end(), {Value(CKA_PRIVATE, no), Value(CKA_VERIFY, yes)});
  std::vector<CK_ATTRIBUTE> secret = shared;
  secret.insert(secret.end(), {Value(CKA_PRIVATE, yes), Value(CKA_SENSITIVE, yes), Value(CKA_EXTRACTABLE, no),
                               Value(CKA_SIGN, yes), Value(CKA_SIGN_RECOVER, no), Value(CKA_DECRYPT, no),
                               Value(CKA_UNWRAP, no), Value(CKA_DERIVE, no)});
  const bool rsa = type == HsmKeyType::kRsa2048;
  if (rsa) {
    open.insert(open.end(), {Value(CKA_MODULUS_BITS, kRsaBits), Bytes(CKA_PUBLIC_EXPONENT, exponent)});
  } else {
    open.push_back(Bytes(CKA_EC_PARAMS, curve));
  }
  CK_MECHANISM mechanism = {static_cast<CK_MECHANISM_TYPE>(rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN),
                            nullptr, 0};
  CK_OBJECT_HANDLE public_handle = 0, private_handle = 0;
  return Pkcs11Status("C_GenerateKeyPair",
                      functions.C_GenerateKeyPair(session, &mechanism, open.data(), open.size(), secret.data(),
                                                  secret.size(), &public_handle, &private_handle));
}

}  // namespace tokensvc
