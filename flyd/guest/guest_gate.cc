#include "flyd/guest/guest_gate.h"

#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "flyd/guest/attenuation.h"
#include "flyd/guest/guest_errors.h"
#include "flyd/guest/identity_headers.h"
#include "flyd/guest/json_object.h"
#include "flyd/guest/own_record.h"
#include "flyd/guest/parse_mint_request.h"
#include "nlohmann/json.hpp"
#include "storage/utf8_text.h"
#include "tokensvc/limits.h"
#include "tokensvc/macaroon/boot/boot_token.h"
#include "tokensvc/macaroon/boot/boot_token_check.h"
#include "tokensvc/macaroon/boot/worker_root_key.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

using nlohmann::json;
using tokensvc::HttpExchange;
using tokensvc::HttpRequest;
using tokensvc::HttpResponse;
namespace macaroon = tokensvc::macaroon;

// Refused within this bound one by one; a flood of refusals is written down once a minute.
constexpr double kRefusalsWrittenPerSecond = 20;
constexpr int kRefusalsWrittenAtOnce = 10'000;
constexpr double kFloodsWrittenPerSecond = 1.0 / 60;
constexpr size_t kMaxRefusalBytes = 200;
constexpr size_t kMostDetailBytes = 256;

// Nothing but the socket says who asks, and no route takes a query.
absl::Status CheckNoClaims(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (ClaimsIdentity(name)) {
      return absl::InvalidArgumentError(absl::StrCat("header ", absl::AsciiStrToLower(name), ": not accepted here"));
    }
  }
  if (absl::StrContains(request.target, '?')) return absl::InvalidArgumentError("query: not accepted here, want none");
  return absl::OkStatus();
}

// W3C Trace Context: 00-TRACEID-PARENT-FLAGS. Empty where it is not that.
std::string TraceId(const HttpRequest& request) {
  const absl::string_view parent = request.Header("traceparent");
  if (parent.size() != 55 || !absl::StartsWith(parent, "00-")) return "";
  const absl::string_view id = parent.substr(3, 32);
  return id.find_first_not_of("0123456789abcdef") == id.npos ? std::string(id) : "";
}

HttpResponse Json(std::string body) {
  return {.body = std::move(body), .headers = {{"Cache-Control", "no-store"}}};
}

tokensvc::IdentityClaims ClaimsOf(const BootView& view) {
  return {.organization_id = view.organization_id,
          .organization_slug = view.organization_slug,
          .app_id = view.app_id,
          .app_name = view.app_name,
          .machine_id = view.machine_id,
          .machine_name = view.machine_name,
          .machine_version = view.version,
          .image = view.image,
          .image_digest = view.image_digest,
          .region = view.region,
          .subject_scope = view.subject_scope};
}

// {"exit_code": 0..255, "signal": 0..64, "detail": TEXT}
absl::StatusOr<BootExit> ParseEnd(const json& event, absl::Time now) {
  BootExit end = {.exited_at = now};
  const std::tuple<const char*, int, int*> numbers[] = {{"exit_code", 255, &end.exit_code}, {"signal", 64, &end.signal}};
  for (const auto& [name, most, value] : numbers) {
    const auto found = event.find(name);
    if (found == event.end()) continue;
    if (!found->is_number_unsigned() || found->get<uint64_t>() > static_cast<uint64_t>(most)) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": out of range, want 0..", most));
    }
    *value = found->get<int>();
  }
  const auto detail = event.find("detail");
  if (detail != event.end() && detail->is_string()) end.error = std::string(storage::CutText(detail->get<std::string>(), kMostDetailBytes));
  return end;
}

}  // namespace

GuestGate::GuestGate(BootGate& boots, tokensvc::TokenService& tokens, const tokensvc::Clock& clock, RootKeys root_keys,
                     Log log)
    : boots_(boots),
      tokens_(tokens),
      clock_(clock),
      root_keys_(std::move(root_keys)),
      log_(std::move(log)),
      mints_(tokensvc::kMintsPerSecond, tokensvc::kMintBurst),
      refusals_(kRefusalsWrittenPerSecond, kRefusalsWrittenAtOnce),
      floods_(kFloodsWrittenPerSecond, 1) {}

void GuestGate::Handle(Exchange exchange) {
  struct Route {
    absl::string_view method;
    absl::string_view path;
    void (GuestGate::*run)(const Exchange&);
  };
  static constexpr Route kRoutes[] = {
      {"POST", "/boot", &GuestGate::Boot},
      {"POST", "/boot/events", &GuestGate::BootEvent},
      {"POST", "/v1/tokens/oidc", &GuestGate::Mint},
      {"GET", "/v1/tokens/current", &GuestGate::Current},
      {"POST", "/v1/tokens/attenuate", &GuestGate::Attenuate},
      {"GET", "/v1/apps/*", &GuestGate::OwnRecord},
  };
  const absl::string_view target = exchange->request.target;
  const absl::string_view path = target.substr(0, target.find('?'));
  const absl::string_view method = exchange->request.method;
  for (const Route& route : kRoutes) {
    absl::string_view prefix = route.path;
    if (absl::ConsumeSuffix(&prefix, "*") ? !absl::StartsWith(path, prefix) : path != prefix) continue;
    if (route.method == method) return (this->*route.run)(exchange);
    HttpResponse refused = tokensvc::ErrorResponse(405, absl::StrCat("method: ", method, ", want ", route.method));
    refused.headers.emplace_back("Allow", std::string(route.method));
    WriteDown(exchange->listener, "", absl::UnimplementedError(absl::StrCat("method: ", method, ", want ", route.method)));
    return exchange->Send(std::move(refused));
  }
  Refuse(exchange, "", absl::NotFoundError("path: not known here, want one of the guest API"));
}

void GuestGate::OnMalformed(const std::string& machine_id, int status, const std::string& why) {
  WriteDown(machine_id, "", absl::InvalidArgumentError(absl::StrCat("HTTP ", status, ": ", why)));
}

void GuestGate::Refuse(const Exchange& exchange, absl::string_view boot_id, const absl::Status& why) {
  WriteDown(exchange->listener, boot_id, why);
  exchange->Send(GuestError(why));
}

void GuestGate::WriteDown(absl::string_view machine_id, absl::string_view boot_id, const absl::Status& why) {
  const absl::Duration now = clock_.Monotonic();
  const bool flood = refusals_.Take(machine_id, now) > absl::ZeroDuration();
  if (flood && floods_.Take(machine_id, now) > absl::ZeroDuration()) return;
  // A header's name or a method can be as long as the headers; the row need not be.
  const absl::Status written =
      flood ? absl::OutOfRangeError("refusals: too many, want fewer; for a minute no more are written down")
            : absl::Status(why.code(), why.message().substr(0, kMaxRefusalBytes));
  tokens_.RecordRefusal(machine_id, boot_id, written);
  log_("guest.refused", machine_id, written.message());
}

void GuestGate::Boot(const Exchange& exchange) {
  if (absl::Status claims = CheckNoClaims(exchange->request); !claims.ok()) return Refuse(exchange, "", claims);
  absl::StatusOr<std::string> answer = boots_.TakeBootAnswer(exchange->listener);
  if (answer.ok()) {
    return exchange->Send({.body = *std::move(answer), .headers = {{"Cache-Control", "no-store"}}});
  }
  const bool known = absl::IsAlreadyExists(answer.status());
  Refuse(exchange, "", known ? answer.status() : absl::UnauthenticatedError(answer.status().message()));
}

GuestGate::View GuestGate::Cleared(const Exchange& exchange, absl::string_view feature, bool mints,
                                   std::string* token_id, BootUse use) {
  const HttpRequest& request = exchange->request;
  const auto refuse = [&](absl::string_view boot_id, const absl::Status& why) -> View {
    Refuse(exchange, boot_id, why);
    return nullptr;
  };
  absl::StatusOr<View> view = boots_.BootOf(exchange->listener, use);
  if (!view.ok()) return refuse("", absl::UnauthenticatedError(view.status().message()));
  if (absl::Status claims = CheckNoClaims(request); !claims.ok()) return refuse((*view)->boot_id, claims);
  if (const size_t count = request.CountHeader("Authorization"); count != 1) {
    return refuse((*view)->boot_id, absl::UnauthenticatedError(absl::StrCat("Authorization: ", count, " headers, want 1")));
  }
  const macaroon::BootExpectation expectation = {.kid = (*view)->macaroon_kid,
                                                 .rnd = (*view)->macaroon_rnd,
                                                 .organization_id = (*view)->organization_id,
                                                 .app_id = (*view)->app_id,
                                                 .machine_id = (*view)->machine_id,
                                                 .source_machine_id = exchange->listener};
  const auto key_of = [this](absl::string_view kid) -> const storage::SecretBytes* {
    const absl::StatusOr<macaroon::WorkerKid> worker = macaroon::DecodeWorkerKid(kid);
    if (!worker.ok()) return nullptr;
    const auto found = root_keys_.find(worker->key_epoch);
    return found == root_keys_.end() ? nullptr : found->second.get();
  };
  const absl::StatusOr<macaroon::ClearedBootToken> cleared = macaroon::CheckBootToken(
      request.Header("Authorization"), expectation, key_of,
      {.feature = feature,
       .action = mints ? macaroon::Action::kCreate : macaroon::Action::kRead,
       .now = clock_.Now()});
  if (!cleared.ok()) return refuse((*view)->boot_id, cleared.status());
  if (token_id != nullptr) *token_id = cleared->token_id();
  return *view;
}

void GuestGate::BootEvent(const Exchange& exchange) {
  const View view = Cleared(exchange, macaroon::kMetadataFeature, /*mints=*/false, nullptr, BootUse::kReport);
  if (view == nullptr) return;
  const absl::StatusOr<json> event = ParseJsonObject(exchange->request.body);
  if (!event.ok()) return Refuse(exchange, view->boot_id, event.status());
  const auto text = [&event](const char* name) {
    const auto found = event->find(name);
    return found != event->end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string type = text("type");
  if (type == "request_refused") {
    // PID 1 refused what it would not pass on; its socket is the same machine's.
    WriteDown(view->machine_id, view->boot_id, absl::InvalidArgumentError(text("detail")));
  } else if (type == "started" || type == "identity_unavailable" || type == "identity_failed") {
    if (absl::Status reported = boots_.ReportFromInit(*view, type, text("detail")); !reported.ok()) {
      return Refuse(exchange, view->boot_id, reported);
    }
  } else if (type == "exiting") {
    const absl::StatusOr<BootExit> end = ParseEnd(*event, clock_.Now());
    const absl::Status reported = end.ok() ? boots_.ReportEndFromInit(*view, *end) : end.status();
    if (!reported.ok()) return Refuse(exchange, view->boot_id, reported);
  } else {
    return Refuse(exchange, view->boot_id, absl::InvalidArgumentError("type: not an event of PID 1's"));
  }
  exchange->Send({.status = 204});
}

void GuestGate::Mint(const Exchange& exchange) {
  const View view = Cleared(exchange, macaroon::kOidcFeature, /*mints=*/true, nullptr);
  if (view == nullptr) return;
  absl::StatusOr<GuestMintRequest> request = ParseMintRequest(exchange->request.body);
  if (!request.ok()) return Refuse(exchange, view->boot_id, request.status());
  if (const absl::Duration wait = mints_.Take(view->machine_id, clock_.Monotonic()); wait > absl::ZeroDuration()) {
    return Refuse(exchange, view->boot_id,
                  tokensvc::WithRetryDelay(absl::OutOfRangeError(absl::StrCat("tokens: more than ", tokensvc::kMintBurst,
                                                                              " at once, want fewer")),
                                           wait));
  }
  tokensvc::MintRequest mint{.identity = ClaimsOf(*view),
                             .placement = std::shared_ptr<const std::string>(view, &view->placement),
                             .placement_sha256 = view->placement_sha256,
                             .boot_id = view->boot_id,
                             .audience = std::move(request->audience),
                             .aws_role_arn = std::move(request->aws_role_arn),
                             .aws_principal_tags = request->aws_principal_tags,
                             .time_left = view->booting ? tokensvc::kBootSignDeadline : tokensvc::kSignDeadline,
                             .trace_id = TraceId(exchange->request)};
  tokens_.Mint(std::move(mint), [this, exchange, view](absl::StatusOr<tokensvc::SignedItem> signed_item) {
    Release(exchange, view, std::move(signed_item));
  });
}

void GuestGate::Release(const Exchange& exchange, const View& view, absl::StatusOr<tokensvc::SignedItem> signed_item) {
  if (!signed_item.ok()) {
    log_("token.refused", view->machine_id, signed_item.status().message());
    return exchange->Send(GuestError(signed_item.status()));
  }
  const HttpResponse response = {
      .content_type = "text/plain", .body = signed_item->token, .headers = {{"Cache-Control", "no-store"}}};
  const absl::Status released = exchange->SendUnder(
      [&](absl::FunctionRef<void()> write) { return boots_.Release(*view, write); }, response);
  if (released.ok()) return log_("token.released", view->machine_id, signed_item->jti);
  // Signed, and never seen by anyone: the boot was fenced while the signer worked.
  Refuse(exchange, view->boot_id, released);
}

void GuestGate::Current(const Exchange& exchange) {
  std::string token_id;
  const View view = Cleared(exchange, macaroon::kMetadataFeature, /*mints=*/false, &token_id);
  if (view != nullptr) exchange->Send(Json(PresentedTokenJson(*view, token_id)));
}

void GuestGate::OwnRecord(const Exchange& exchange) {
  const View view = Cleared(exchange, macaroon::kMetadataFeature, /*mints=*/false, nullptr);
  if (view == nullptr) return;
  const std::string own = OwnRecordPath(*view);
  if (exchange->request.target == own) return exchange->Send(Json(OwnRecordJson(*view)));
  if (exchange->request.target == own + "/metadata") return exchange->Send(Json(OwnMetadataJson(*view)));
  Refuse(exchange, view->boot_id, absl::NotFoundError("machine: not this one, or no such part of it"));
}

void GuestGate::Attenuate(const Exchange& exchange) {
  const View view = Cleared(exchange, macaroon::kMetadataFeature, /*mints=*/false, nullptr);
  if (view == nullptr) return;
  const absl::StatusOr<std::vector<macaroon::Caveat>> caveats =
      ParseAttenuation(exchange->request.body, clock_.Now());
  if (!caveats.ok()) return Refuse(exchange, view->boot_id, caveats.status());
  absl::StatusOr<std::string> weaker = Attenuated(exchange->request.Header("Authorization"), *caveats);
  if (!weaker.ok()) return Refuse(exchange, view->boot_id, weaker.status());
  exchange->Send(Json(json({{"macaroon", *weaker}}).dump()));
}

}  // namespace flyd
