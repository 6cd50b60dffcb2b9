#include "tools/pki/pki.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"
#include "tokensvc/rpc/certificate_facts.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tools/pki/certificate_authority.h"

namespace tools {
namespace {

constexpr size_t kMaxFleetBytes = 63;
constexpr absl::Duration kMaxLifetime = absl::Hours(24 * 366);

absl::Status MakeFolder(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return absl::UnavailableError(absl::StrCat(dir, ": ", error.message(), ", want a folder"));
  return absl::OkStatus();
}

// mkstemp makes the file 0600 from its first instant.
absl::Status WriteSecretly(const std::string& path, const std::string& text) {
  std::string temporary = path + ".XXXXXX";
  const int fd = mkstemp(temporary.data());
  const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    unlink(temporary.c_str());
    return absl::UnavailableError(absl::StrCat(path, ": not writable, want it in a folder of our own"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": unreadable, want a file of the authority"));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool IsFleetName(absl::string_view fleet) {
  return !fleet.empty() && fleet.size() <= kMaxFleetBytes && std::all_of(fleet.begin(), fleet.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '-';
  });
}

// The fleet of a root: what CreateRoot wrote into its one URI.
absl::StatusOr<std::string> FleetOf(const std::string& root_pem) {
  absl::StatusOr<tokensvc::CertificateFacts> facts = tokensvc::ReadCertificate(root_pem);
  if (!facts.ok()) return facts.status();
  absl::string_view uri;
  if (facts->uris.size() == 1) uri = facts->uris.front();
  if (!absl::ConsumePrefix(&uri, "spiffe://") || !IsFleetName(uri)) {
    return absl::InvalidArgumentError("root: no fleet, want the one URI spiffe://FLEET");
  }
  return std::string(uri);
}

}  // namespace

absl::Status CreateAuthority(const std::string& dir, absl::string_view fleet, absl::Time now) {
  if (!IsFleetName(fleet)) {
    return absl::InvalidArgumentError(absl::StrCat("fleet: ", fleet, ", want 1..", kMaxFleetBytes, " of [a-z0-9.-]"));
  }
  if (absl::Status made = MakeFolder(dir); !made.ok()) return made;
  if (access((dir + "/ca.key").c_str(), F_OK) == 0) {
    return absl::AlreadyExistsError(absl::StrCat(dir, "/ca.key: a root, want a folder without one"));
  }
  absl::StatusOr<CertifiedKey> root = CreateRoot(fleet, now);
  if (!root.ok()) return root.status();
  if (absl::Status key = WriteSecretly(dir + "/ca.key", root->private_key_pem); !key.ok()) return key;
  return WriteSecretly(dir + "/ca.pem", root->certificate_pem);
}

absl::Status IssueLeaf(const std::string& authority_dir, const LeafRequest& request, const std::string& out_dir,
                       absl::Time now) {
  absl::StatusOr<tokensvc::Role> role = tokensvc::ParseRole(request.role);
  if (!role.ok()) return absl::InvalidArgumentError(role.status().message());
  if (absl::Status name = tokensvc::CheckName(request.name, tokensvc::kMaxWorkerNameBytes); !name.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("name: ", name.message()));
  }
  if (request.lifetime < absl::Seconds(1) || request.lifetime > kMaxLifetime) {
    return absl::InvalidArgumentError(absl::StrCat("lifetime: ", absl::FormatDuration(request.lifetime), ", want [1s, ",
                                                   absl::FormatDuration(kMaxLifetime), "]"));
  }
  absl::StatusOr<std::string> root_pem = ReadWhole(authority_dir + "/ca.pem");
  if (!root_pem.ok()) return root_pem.status();
  absl::StatusOr<std::string> root_key = ReadWhole(authority_dir + "/ca.key");
  if (!root_key.ok()) return root_key.status();
  absl::StatusOr<std::string> fleet = FleetOf(*root_pem);
  if (!fleet.ok()) return fleet.status();
  // Dated a minute back: the clocks of one fleet differ by less.
  const LeafSpec spec{{tokensvc::SpiffeUri(*fleet, *role, request.name)},
                      request.localhost,
                      now - absl::Minutes(1),
                      now + request.lifetime};
  absl::StatusOr<CertifiedKey> leaf = IssueCertificate({*root_pem, *root_key}, spec);
  if (!leaf.ok()) return leaf.status();
  if (absl::Status made = MakeFolder(out_dir); !made.ok()) return made;
  if (absl::Status key = WriteSecretly(out_dir + "/key.pem", leaf->private_key_pem); !key.ok()) return key;
  if (absl::Status pem = WriteSecretly(out_dir + "/cert.pem", leaf->certificate_pem); !pem.ok()) return pem;
  return WriteSecretly(out_dir + "/ca.pem", *root_pem);
}

}  // namespace tools
