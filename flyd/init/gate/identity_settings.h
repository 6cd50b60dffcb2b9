#ifndef FLYD_INIT_GATE_IDENTITY_SETTINGS_H_
#define FLYD_INIT_GATE_IDENTITY_SETTINGS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace flyd {

// A row of the user's table of token files.
struct TokenFileSetting {
  std::string name;      // in /.fly
  std::string audience;  // "": the placement's default
  mode_t mode = 0;       // 0: none of its own
  std::string owner;     // "": the workload's user; else as in ResolveUser
};

// `identity` of the machine's configuration (proto/machines/v1/machines.proto), which flyd has checked.
struct IdentitySettings {
  bool required = false;
  mode_t socket_mode = 0600;
  bool aws_principal_tags = false;
  bool aws_pin_role = false;
  std::vector<TokenFileSetting> files;
  bool google_metadata = false;
};

}  // namespace flyd

#endif  // FLYD_INIT_GATE_IDENTITY_SETTINGS_H_
