#ifndef TOOLS_FLYDCTL_TOKEN_FILE_OPTION_H_
#define TOOLS_FLYDCTL_TOKEN_FILE_OPTION_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/machines/v1/machines.pb.h"

namespace tools {

// PATH=AUDIENCE[,mode=OCTAL][,owner=USER[:GROUP]], for example /.fly/vault=https://vault.example,mode=0640. What follows
// the first '=' up to a setting is the audience, commas included; PATH alone asks for the default audience. Whether path,
// mode and owner are allowed is flyd's to say. InvalidArgument: no path, or a mode that is not octal.
absl::StatusOr<fly::machines::v1::TokenFile> ParseTokenFileOption(absl::string_view option);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_TOKEN_FILE_OPTION_H_
