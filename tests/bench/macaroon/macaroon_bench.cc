#include <string>
#include <utility>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "storage/secret_bytes.h"
#include "tokensvc/macaroon/boot/boot_token.h"
#include "tokensvc/macaroon/boot/boot_token_check.h"
#include "tokensvc/macaroon/boot/worker_root_key.h"

// What a Macaroon costs each request of a guest: the whole of CheckBootToken, from header text to evidence. The goal is
// 8 µs of CPU with -c opt.
namespace tokensvc::macaroon {
namespace {

const storage::SecretBytes& RootKey() {
  static const storage::SecretBytes* const key = new storage::SecretBytes(std::string(32, 'k'));
  return *key;
}

BootTokenParams Params() {
  return {.kid = EncodeWorkerKid({"worker-yyz-0017", 1}).value(),
          .rnd = std::string(16, 'r'),
          .organization_id = 4242,
          .app_id = 77001,
          .machine_id = "148e21ea7e46e8"};
}

void BM_CheckBootToken(benchmark::State& state) {
  const BootTokenParams params = Params();
  const std::string header = MintBootToken(RootKey(), params).value();
  const BootExpectation boot{params.kid,           params.rnd,       params.organization_id, params.app_id,
                             params.machine_id, params.machine_id};
  const BootAccess access{.feature = kOidcFeature, .action = Action::kCreate, .now = absl::FromUnixSeconds(1700000000)};
  for (auto _ : state) {
    const absl::StatusOr<ClearedBootToken> cleared = CheckBootToken(
        header, boot, [](absl::string_view) { return &RootKey(); }, access);
    if (!cleared.ok()) state.SkipWithError("refused");
    benchmark::DoNotOptimize(cleared.ok());
  }
}
BENCHMARK(BM_CheckBootToken);

void BM_MintBootToken(benchmark::State& state) {
  const BootTokenParams params = Params();
  for (auto _ : state) benchmark::DoNotOptimize(MintBootToken(RootKey(), params).ok());
}
BENCHMARK(BM_MintBootToken);

}  // namespace
}  // namespace tokensvc::macaroon
