#ifndef TESTS_RPC_TEST_FLEET_H_
#define TESTS_RPC_TEST_FLEET_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/rpc/tls_credentials.h"
#include "tools/pki/certificate_authority.h"

namespace tests {

// A fleet's certificates in a folder of their own under /tmp, for tests that speak real TLS. Leaves are valid from an
// hour ago for a day unless a test says otherwise. The folder is removed with the object.
class TestFleet {
 public:
  explicit TestFleet(std::string fleet = "test.fleet");
  ~TestFleet();
  TestFleet(const TestFleet&) = delete;
  TestFleet& operator=(const TestFleet&) = delete;

  const std::string& name() const { return fleet_; }
  const std::string& dir() const { return dir_; }

  // Files of a leaf with the one URI of (role, name). Asking again for the same pair issues anew into the same files.
  tokensvc::TlsFiles Leaf(tokensvc::Role role, absl::string_view name) const;

  // Files of a leaf with these names and times, `label` naming the folder.
  tokensvc::TlsFiles Odd(absl::string_view label, const tools::LeafSpec& spec) const;

 private:
  const std::string fleet_;
  std::string dir_;
  tools::CertifiedKey root_;
};

}  // namespace tests

#endif  // TESTS_RPC_TEST_FLEET_H_
