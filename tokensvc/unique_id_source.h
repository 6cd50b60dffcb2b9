#ifndef TOKENSVC_UNIQUE_ID_SOURCE_H_
#define TOKENSVC_UNIQUE_ID_SOURCE_H_

#include <string>

#include "absl/time/time.h"

namespace tokensvc {

// Makes bytes that must not repeat: jti, boot ids, Macaroon nonces, ULIDs. Thread-safe. Never used for keys: those come
// from the cryptographic library directly, so that no test seam can weaken one.
class UniqueIdSource {
 public:
  virtual ~UniqueIdSource() = default;

  // 16 bytes.
  virtual std::string NewBytes() = 0;
};

// From the kernel's random source. Never destroyed.
UniqueIdSource& RandomIds();

// 32 lower-case hex digits.
std::string NewHexId(UniqueIdSource& ids);

// RFC 9562 version 4, lower case, 36 characters.
std::string NewUuid(UniqueIdSource& ids);

// 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 random bits. Sorts by time.
std::string NewUlid(UniqueIdSource& ids, absl::Time now);

// 14 lower-case hex digits, as the public Machines API names machines.
std::string NewMachineId(UniqueIdSource& ids);

}  // namespace tokensvc

#endif  // TOKENSVC_UNIQUE_ID_SOURCE_H_
