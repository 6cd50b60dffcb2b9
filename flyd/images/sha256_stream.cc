#include "flyd/images/sha256_stream.h"

#include <openssl/sha.h>

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

constexpr absl::string_view kAlgorithm = "sha256:";
constexpr size_t kHexDigits = 2 * SHA256_DIGEST_LENGTH;

}  // namespace

struct Sha256Stream::State {
  SHA256_CTX context;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Add(absl::string_view bytes) { SHA256_Update(&state_->context, bytes.data(), bytes.size()); }

std::string Sha256Stream::Digest() {
  std::string raw(SHA256_DIGEST_LENGTH, '\0');
  SHA256_Final(reinterpret_cast<uint8_t*>(raw.data()), &state_->context);
  return absl::StrCat(kAlgorithm, absl::BytesToHexString(raw));
}

std::string DigestOf(absl::string_view bytes) {
  Sha256Stream stream;
  stream.Add(bytes);
  return stream.Digest();
}

bool IsDigest(absl::string_view text) {
  return text.size() == kAlgorithm.size() + kHexDigits && absl::StartsWith(text, kAlgorithm) &&
         HexOf(text).find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

absl::string_view HexOf(absl::string_view digest) { return digest.substr(kAlgorithm.size()); }

}  // namespace flyd
