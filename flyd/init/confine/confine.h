#ifndef FLYD_INIT_CONFINE_CONFINE_H_
#define FLYD_INIT_CONFINE_CONFINE_H_

#include "absl/types/span.h"

namespace flyd {

// `init confine DIRECTORY MAX_FILE_BYTES own-network|host-network PROGRAM [ARGUMENT...]`: becomes PROGRAM (looked up in
// PATH) for work on bytes that nobody trusts. It can write below DIRECTORY and nowhere else (every other mount is read
// only to it), no file longer than MAX_FILE_BYTES; with own-network it reaches no network; it cannot win privileges, of
// root's it keeps only what giving files away needs, and it ends with the process that started it.
//
// Comes back only if it could not: says why on descriptor 2, in one line, and returns the exit status.
int RunConfined(absl::Span<char* const> arguments);

}  // namespace flyd

#endif  // FLYD_INIT_CONFINE_CONFINE_H_
