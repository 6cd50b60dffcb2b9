#include "tests/fakes/test_placement.h"

#include <cstdio>
#include <cstdlib>

#include "absl/status/statusor.h"

namespace tests {

tokensvc::Placement ExamplePlacement(const Es256TestKey& key, absl::Time now) {
  return {.key_id = key.key_id(),
          .identity = {.organization_id = 11,
                       .organization_slug = "acme",
                       .app_id = 22,
                       .app_name = "web",
                       .machine_id = "148e21ea7e46e8",
                       .machine_name = "m1",
                       .machine_version = "01HTGGC1TZ2JHK83J4AC0R3VET",
                       .image = "registry.example/web:7",
                       .image_digest = "sha256:2c1cdaded1b3820020c9dc9fdd1d6e798d6f6ca36861bb6ae64019fad6be9ee3",
                       .region = "yyz",
                       .subject_scope = tokensvc::SubjectScope::kMachine},
          .worker = "w1",
          .generation = 1,
          .not_before = now - absl::Hours(1),
          .expires = now + absl::Hours(23),
          .policy = {.audiences = {},
                     .any_audience = true,
                     .default_audience = "https://fly.example/acme",
                     .role_arns = {},
                     .aws_principal_tags = false}};
}

std::string SignPlacement(const tokensvc::Placement& placement, const Es256TestKey& key) {
  const absl::StatusOr<std::string> payload = tokensvc::EncodePlacementPayload(placement);
  if (!payload.ok()) {
    std::fprintf(stderr, "%s\n", payload.status().ToString().c_str());
    std::abort();
  }
  return tokensvc::AssembleSignedPlacement(*payload, key.Sign(tokensvc::PlacementSigningInput(*payload)));
}

}  // namespace tests
