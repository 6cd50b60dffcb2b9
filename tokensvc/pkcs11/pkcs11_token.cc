#include "tokensvc/pkcs11/pkcs11_token.h"

#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tokensvc/pkcs11/pkcs11_objects.h"

namespace tokensvc {
namespace {

constexpr int kMaxSessions = 1024;

// DigestInfo of SHA-256 (RFC 8017, section 9.2, note 1), before the 32 bytes of the digest. CKM_RSA_PKCS pads and signs
// what it is given; hashing stays in this process, where a byte costs less than its way into the HSM.
constexpr uint8_t kDigestInfo[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

absl::StatusOr<storage::SecretBytes> ReadPin(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string pin;
  if (!stream || !std::getline(stream, pin) || pin.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("pin file ", file, ": unreadable or empty, want the token's PIN"));
  }
  return storage::SecretBytes(std::move(pin));
}

CK_BYTE* Mutable(absl::string_view bytes) { return reinterpret_cast<CK_BYTE*>(const_cast<char*>(bytes.data())); }

absl::Status SignOnce(const CK_FUNCTION_LIST& functions, unsigned long session, const HsmKey& key,
                      absl::string_view sha256, std::string& signature) {
  const bool rsa = key.type == HsmKeyType::kRsa2048;
  CK_MECHANISM mechanism = {static_cast<CK_MECHANISM_TYPE>(rsa ? CKM_RSA_PKCS : CKM_ECDSA), nullptr, 0};
  CK_BYTE input[sizeof(kDigestInfo) + 32];
  CK_BYTE* end = rsa ? std::copy(std::begin(kDigestInfo), std::end(kDigestInfo), input) : input;
  end = std::copy(sha256.begin(), sha256.end(), end);
  if (CK_RV result = functions.C_SignInit(session, &mechanism, key.handle->load()); result != CKR_OK) {
    return Pkcs11Status("C_SignInit", result);
  }
  signature.resize(rsa ? 256 : 64);
  CK_ULONG size = signature.size();
  const CK_RV result = functions.C_Sign(session, input, end - input, Mutable(signature), &size);
  if (result != CKR_OK) return Pkcs11Status("C_Sign", result);
  if (size != signature.size()) {
    return absl::UnavailableError(absl::StrCat("C_Sign: ", size, " bytes, want ", signature.size()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pkcs11Token>> Pkcs11Token::Open(const Pkcs11TokenOptions& options, const Clock& clock) {
  if (options.sessions < 1 || options.sessions > kMaxSessions) {
    return absl::InvalidArgumentError(absl::StrCat("hsm sessions: ", options.sessions, ", want 1..", kMaxSessions));
  }
  absl::StatusOr<storage::SecretBytes> pin = ReadPin(options.pin_file);
  if (!pin.ok()) return pin.status();
  absl::StatusOr<std::shared_ptr<const Pkcs11Module>> module = Pkcs11Module::Load(options.module);
  if (!module.ok()) return module.status();
  const absl::StatusOr<unsigned long> slot = (*module)->FindSlot(options.token_label);
  if (!slot.ok()) return slot.status();
  std::unique_ptr<Pkcs11Token> token(
      new Pkcs11Token(*std::move(module), *std::move(pin), *slot, options.token_label, clock, options.sessions));
  if (absl::Status opened = token->OpenSessions(); !opened.ok()) return opened;
  return token;
}

Pkcs11Token::Pkcs11Token(std::shared_ptr<const Pkcs11Module> module, storage::SecretBytes pin, unsigned long slot,
                         std::string label, const Clock& clock, int sessions)
    : module_(std::move(module)), pin_(std::move(pin)), slot_(slot), label_(std::move(label)), clock_(clock),
      sessions_(sessions) {}

Pkcs11Token::~Pkcs11Token() {
  for (const Session& session : sessions_) module_->functions().C_CloseSession(session.handle);
}

absl::Status Pkcs11Token::OpenSessions() {
  absl::MutexLock lock(&mu_);
  for (Session& session : sessions_) {
    if (absl::Status opened = OpenSession(session); !opened.ok()) return opened;
    free_.push_back(&session);
  }
  return absl::OkStatus();
}

absl::Status Pkcs11Token::OpenSession(Session& session) const {
  const CK_FUNCTION_LIST& functions = module_->functions();
  CK_SESSION_HANDLE handle = 0;
  CK_RV result = functions.C_OpenSession(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle);
  if (result != CKR_OK) return Pkcs11Status(absl::StrCat("pkcs11 token ", label_, ", C_OpenSession"), result);
  // The login belongs to the token: all sessions of this process have it.
  result = functions.C_Login(handle, CKU_USER, Mutable(pin_.Reveal()), pin_.size());
  if (result != CKR_OK && result != CKR_USER_ALREADY_LOGGED_IN) {
    functions.C_CloseSession(handle);
    return Pkcs11Status(absl::StrCat("pkcs11 token ", label_, ", C_Login"), result);
  }
  session.handle = handle;
  return absl::OkStatus();
}

Pkcs11Token::Session* Pkcs11Token::Borrow() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &Pkcs11Token::HasFree));
  Session* session = free_.back();
  free_.pop_back();
  session->busy_since = clock_.Monotonic();
  return session;
}

void Pkcs11Token::Return(Session* session) {
  absl::MutexLock lock(&mu_);
  session->busy_since = absl::InfiniteDuration();
  free_.push_back(session);
}

absl::Duration Pkcs11Token::LongestCall() const {
  absl::MutexLock lock(&mu_);
  const absl::Duration now = clock_.Monotonic();
  absl::Duration longest = absl::ZeroDuration();
  for (const Session& session : sessions_) longest = std::max(longest, now - session.busy_since);
  return longest;
}

absl::Status Pkcs11Token::WithSession(Call call, Call renew) {
  Session* session = Borrow();
  absl::Status status = call(session->handle);
  if (IsSessionLost(status)) {
    module_->functions().C_CloseSession(session->handle);
    status = OpenSession(*session);
    if (status.ok()) status = renew(session->handle);
    if (status.ok()) status = call(session->handle);
  }
  Return(session);
  return status;
}

absl::StatusOr<HsmKey> Pkcs11Token::FindKey(absl::string_view id, HsmKeyType type) {
  HsmKey key{.id = std::string(id), .type = type, .spki_der = "", .handle = nullptr};
  const CK_FUNCTION_LIST& functions = module_->functions();
  const auto find = [&](unsigned long session) -> absl::Status {
    const absl::StatusOr<unsigned long> handle = FindPrivateKey(functions, session, id);
    if (!handle.ok()) return handle.status();
    if (absl::Status fit = CheckPrivateKey(functions, session, *handle, id, type); !fit.ok()) return fit;
    absl::StatusOr<std::string> spki = ReadPublicKey(functions, session, id, type);
    if (!spki.ok()) return spki.status();
    key.spki_der = *std::move(spki);
    key.handle = std::make_shared<std::atomic<unsigned long>>(*handle);
    return absl::OkStatus();
  };
  const absl::Status found = WithSession(find, [](unsigned long) { return absl::OkStatus(); });
  if (!found.ok()) return found;
  return key;
}

absl::StatusOr<HsmKey> Pkcs11Token::GenerateKey(absl::string_view id, HsmKeyType type) {
  const CK_FUNCTION_LIST& functions = module_->functions();
  const auto generate = [&](unsigned long session) -> absl::Status {
    const absl::StatusOr<unsigned long> handle = FindPrivateKey(functions, session, id);
    if (handle.ok()) return absl::AlreadyExistsError(absl::StrCat("hsm key ", id, ": exists, want none"));
    if (!absl::IsNotFound(handle.status())) return handle.status();
    if (absl::Status removed = DestroyPublicKeys(functions, session, id); !removed.ok()) return removed;
    return GenerateKeyPair(functions, session, id, type);
  };
  const absl::Status made = WithSession(generate, [](unsigned long) { return absl::OkStatus(); });
  if (!made.ok()) return made;
  return FindKey(id, type);
}

absl::StatusOr<std::string> Pkcs11Token::SignDigest(const HsmKey& key, absl::string_view sha256) {
  if (sha256.size() != 32) {
    return absl::InvalidArgumentError(absl::StrCat("digest: ", sha256.size(), " bytes, want 32"));
  }
  const CK_FUNCTION_LIST& functions = module_->functions();
  std::string signature;
  const auto sign = [&](unsigned long session) { return SignOnce(functions, session, key, sha256, signature); };
  // A new login may number the objects anew.
  const auto renew = [&](unsigned long session) -> absl::Status {
    const absl::StatusOr<unsigned long> handle = FindPrivateKey(functions, session, key.id);
    if (!handle.ok()) return handle.status();
    key.handle->store(*handle);
    return absl::OkStatus();
  };
  absl::Status signed_ok = WithSession(sign, renew);
  if (!signed_ok.ok()) return absl::UnavailableError(absl::StrCat("hsm key ", key.id, ", ", signed_ok.message()));
  return signature;
}

}  // namespace tokensvc
