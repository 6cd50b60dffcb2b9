#include "tools/trust/aws_key.h"

#include "absl/strings/ascii.h"

namespace tools {

std::string ProviderOf(absl::string_view issuer) {
  const size_t scheme = issuer.find("://");
  return std::string(scheme == issuer.npos ? issuer : issuer.substr(scheme + 3));
}

AwsKey SplitAwsKey(absl::string_view key) {
  const size_t colon = key.rfind(':');
  if (colon == key.npos) return {};
  const absl::string_view provider = key.substr(0, colon);
  // AWS's own prefixes are single words; an issuer has a host or a path.
  if (provider.find_first_of("./") == provider.npos) return {};
  return {std::string(provider), absl::AsciiStrToLower(key.substr(colon + 1))};
}

}  // namespace tools
