#ifndef TESTS_SIGNERD_SOFT_TOKEN_H_
#define TESTS_SIGNERD_SOFT_TOKEN_H_

#include <stdint.h>

#include <string>

#include "tests/fakes/scratch_folder.h"
#include "tokensvc/pkcs11/pkcs11_token.h"

namespace tests {

// A SoftHSM2 token of a test's own, reached through the module that counts the uses of private keys. Sets SOFTHSM2_CONF
// and the module's variables for the process, so there is one at a time.
class SoftToken {
 public:
  SoftToken();

  tokensvc::Pkcs11TokenOptions options(int sessions) const;
  const std::string& dir() const { return folder_.path(); }

  // How often a private key was used since the token was made.
  static uint64_t uses();

  // The next signature finds its session gone.
  void LoseNextSession() const;
  // Signatures fail from now on, or work again.
  void SetDead(bool dead) const;

 private:
  ScratchFolder folder_;
};

}  // namespace tests

#endif  // TESTS_SIGNERD_SOFT_TOKEN_H_
