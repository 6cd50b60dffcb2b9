#include "tests/rpc/test_fleet.h"

#include <stdio.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

void WriteWhole(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new", std::ios::trunc) << text;
  rename((path + ".new").c_str(), path.c_str());
}

}  // namespace

TestFleet::TestFleet(std::string fleet) : fleet_(std::move(fleet)) {
  char path[] = "/tmp/fleet.XXXXXX";
  dir_ = mkdtemp(path);
  root_ = tools::CreateRoot(fleet_, tokensvc::RealClock().Now()).value();
}

TestFleet::~TestFleet() { std::filesystem::remove_all(dir_); }

tokensvc::TlsFiles TestFleet::Leaf(tokensvc::Role role, absl::string_view name) const {
  const absl::Time now = tokensvc::RealClock().Now();
  return Odd(absl::StrCat(tokensvc::RoleName(role), "-", name), {.uris = {tokensvc::SpiffeUri(fleet_, role, name)},
                                                                 .not_before = now - absl::Hours(1),
                                                                 .not_after = now + absl::Hours(24)});
}

tokensvc::TlsFiles TestFleet::Odd(absl::string_view label, const tools::LeafSpec& spec) const {
  const std::string dir = absl::StrCat(dir_, "/", label);
  std::filesystem::create_directories(dir);
  const tools::CertifiedKey leaf = tools::IssueCertificate(root_, spec).value();
  WriteWhole(dir + "/key.pem", leaf.private_key_pem);
  WriteWhole(dir + "/cert.pem", leaf.certificate_pem);
  WriteWhole(dir + "/ca.pem", root_.certificate_pem);
  return {dir + "/cert.pem", dir + "/key.pem", dir + "/ca.pem"};
}

}  // namespace tests
