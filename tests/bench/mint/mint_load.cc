// Load for the mint benchmark: a worker's signer client against a running signerd, or the same key alone in this process.
//
//   mint_load raw  MODULE LABEL PIN_FILE KEY_ID ALG SECONDS
//   mint_load sign SIGNERD FLEETD FLEET WORKER_TLS_DIR CONTROL_TLS_DIR ORG/APP CALLERS SECONDS
//
// Prints one JSON line of figures; mint.py makes ratios of them.
#include <grpcpp/grpcpp.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tokensvc/claims/identity_claims.h"
#include "tokensvc/clock.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/pkcs11/pkcs11_token.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/rpc/tls_credentials.h"
#include "tokensvc/signer/client/grpc_signer_client.h"

namespace {

namespace pb = fly::fleet::v1;
using tokensvc::RealClock;

[[noreturn]] void Fail(const absl::Status& status) {
  std::cerr << "mint_load: " << status << "\n";
  std::exit(1);
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Fail(value.status());
  return *std::move(value);
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return time.tv_sec + time.tv_usec / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// One thread, one session, one key: what the HSM gives to a caller that does nothing else.
int Raw(const std::vector<std::string>& arguments) {
  const auto token = Must(tokensvc::Pkcs11Token::Open(
      {.module = arguments[0], .token_label = arguments[1], .pin_file = arguments[2]}, RealClock()));
  const auto type = arguments[4] == "RS256" ? tokensvc::HsmKeyType::kRsa2048 : tokensvc::HsmKeyType::kP256;
  const tokensvc::HsmKey key = Must(token->FindKey(arguments[3], type));
  const std::string digest = tokensvc::Sha256("raw");
  const absl::Duration end = RealClock().Monotonic() + absl::Seconds(std::stod(arguments[5]));
  const absl::Duration begin = RealClock().Monotonic();
  const double cpu = CpuSeconds();
  int64_t signatures = 0;
  while (RealClock().Monotonic() < end) {
    Must(token->SignDigest(key, digest));
    ++signatures;
  }
  const double seconds = absl::ToDoubleSeconds(RealClock().Monotonic() - begin);
  absl::PrintF("{\"per_second\": %.1f, \"cpu_us\": %.2f}\n", signatures / seconds,
               (CpuSeconds() - cpu) * 1e6 / signatures);
  return 0;
}

tokensvc::TlsFiles Tls(const std::string& dir) { return {dir + "/cert.pem", dir + "/key.pem", dir + "/ca.pem"}; }

std::string Place(const std::string& fleetd, const std::string& fleet, const std::string& tls, const std::string& app) {
  const auto credentials =
      Must(tokensvc::ChannelCredentials(Tls(tls), fleet, tokensvc::Role::kFleet, RealClock()));
  const auto stub = pb::Fleet::NewStub(grpc::CreateChannel(fleetd, credentials));
  const std::vector<std::string> names = absl::StrSplit(app, '/');
  pb::PlaceMachineRequest request;
  request.set_organization_slug(names[0]);
  request.set_app_name(names[1]);
  request.set_image("registry.example/bench:1");
  request.set_image_digest(absl::StrCat("sha256:", std::string(64, 'a')));
  request.set_region("dev");
  request.set_worker("w1");
  request.mutable_policy()->set_any_audience(true);
  grpc::ClientContext context;
  pb::PlaceMachineResponse response;
  const grpc::Status status = stub->PlaceMachine(&context, request, &response);
  if (!status.ok()) Fail(absl::InternalError(status.error_message()));
  return response.placement();
}

// Closed loop: each caller asks again as soon as it is answered.
class Load {
 public:
  Load(tokensvc::SignerPort& signer, const std::string& placement)
      : signer_(signer), placement_(std::make_shared<const std::string>(placement)) {
    item_.placement = placement_;
    item_.placement_sha256 = tokensvc::PlacementSha256(placement);
    item_.identity_claims_sha256 = tokensvc::IdentityClaimsDigest(
        Must(tokensvc::DecodePlacement(placement)).placement.identity);
  }

  void Run(int callers, absl::Duration time) {
    end_ = RealClock().Monotonic() + time;
    {
      absl::MutexLock lock(&mu_);
      open_ = callers;
    }
    for (int i = 0; i < callers; ++i) Ask();
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Load::IsDone));
  }

  std::vector<double> latencies_ms() {
    absl::MutexLock lock(&mu_);
    return latencies_ms_;
  }

 private:
  bool IsDone() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return open_ == 0; }

  void Ask() {
    const absl::Duration begin = RealClock().Monotonic();
    tokensvc::SignItem item = item_;
    item.deadline = RealClock().Now() + absl::Seconds(10);
    signer_.Sign(std::move(item), [this, begin](absl::StatusOr<tokensvc::SignedItem> signed_item) {
      if (!signed_item.ok()) Fail(signed_item.status());
      const absl::Duration now = RealClock().Monotonic();
      bool more;
      {
        absl::MutexLock lock(&mu_);
        latencies_ms_.push_back(absl::ToDoubleMilliseconds(now - begin));
        more = now < end_;
        if (!more) --open_;
      }
      if (more) Ask();
    });
  }

  tokensvc::SignerPort& signer_;
  const std::shared_ptr<const std::string> placement_;
  tokensvc::SignItem item_;
  absl::Duration end_;
  absl::Mutex mu_;
  int open_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<double> latencies_ms_ ABSL_GUARDED_BY(mu_);
};

int Sign(const std::vector<std::string>& arguments) {
  const std::string placement = Place(arguments[1], arguments[2], arguments[4], arguments[5]);
  const auto client = Must(tokensvc::GrpcSignerClient::Create(
      {.addresses = {arguments[0]}, .tls = Tls(arguments[3]), .fleet = arguments[2]}, RealClock()));
  Load(*client, placement).Run(4, absl::Milliseconds(300));  // connection and placement are warm
  const auto before = client->counters();
  const double cpu = CpuSeconds();
  Load load(*client, placement);
  const absl::Duration begin = RealClock().Monotonic();
  load.Run(std::stoi(arguments[6]), absl::Seconds(std::stod(arguments[7])));
  const double seconds = absl::ToDoubleSeconds(RealClock().Monotonic() - begin);
  const auto after = client->counters();
  std::vector<double> latencies = load.latencies_ms();
  std::sort(latencies.begin(), latencies.end());
  const double tokens = static_cast<double>(latencies.size());
  absl::PrintF("{\"tokens\": %.0f, \"per_second\": %.1f, \"cpu_us\": %.2f, \"per_batch\": %.2f, \"p50_ms\": %.2f, "
               "\"p99_ms\": %.2f}\n",
               tokens, tokens / seconds, (CpuSeconds() - cpu) * 1e6 / tokens,
               static_cast<double>(after.requests_sent - before.requests_sent) /
                   static_cast<double>(after.batches_sent - before.batches_sent),
               latencies[latencies.size() / 2], latencies[latencies.size() * 99 / 100]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "raw" && arguments.size() == 6) return Raw(arguments);
  if (mode == "sign" && arguments.size() == 8) return Sign(arguments);
  std::cerr << "mint_load: arguments, want raw or sign and what it takes\n";
  return 2;
}
