#ifndef FLYD_IMAGES_SHA256_STREAM_H_
#define FLYD_IMAGES_SHA256_STREAM_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace flyd {

// SHA-256 of bytes that come piece by piece. Not thread-safe.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;

  void Add(absl::string_view bytes);
  // "sha256:" and 64 hex digits, of what was added. Call it once, last.
  std::string Digest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same of bytes that are all there.
std::string DigestOf(absl::string_view bytes);

// True for "sha256:" and 64 lower-case hex digits.
bool IsDigest(absl::string_view text);

// The 64 hex digits of a digest.
absl::string_view HexOf(absl::string_view digest);

}  // namespace flyd

#endif  // FLYD_IMAGES_SHA256_STREAM_H_
