#include "tokensvc/signer/rules/request_checker.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tokensvc/claims/key_id.h"
#include "tokensvc/claims/token_claims.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/limits.h"

namespace tokensvc {
namespace {

constexpr absl::Duration kSoon = absl::Seconds(1);

CheckedRequest Begin(const SignRequest& request, const CheckBasis& basis, absl::Time now) {
  CheckedRequest checked;
  checked.outcome.id = request.id;
  checked.deadline = basis.arrived + request.time_left;
  checked.record = {.at = now,
                    .worker = basis.peer.name,
                    .audience = request.audience,
                    .placement_sha256 = request.placement_sha256,
                    .identity_claims_sha256 = request.identity_claims_sha256,
                    .trace_id = request.trace_id};
  return checked;
}

}  // namespace

void CheckedRequest::Refuse(Refusal refusal) {
  key = nullptr;
  record.code = static_cast<uint8_t>(refusal.code);
  record.jti.clear();
  record.kid.clear();
  outcome.result = std::move(refusal);
}

SignatureRecord RequestChecker::MalformedRecord(const PeerIdentity& peer) const {
  return {.at = clock_.Now(), .worker = peer.name, .code = static_cast<uint8_t>(RefusalCode::kRequestMalformed)};
}

std::vector<CheckedRequest> RequestChecker::RefuseAll(const IncomingBatch& batch, const CheckBasis& basis,
                                                      const Refusal& refusal) const {
  const absl::Time now = clock_.Now();
  std::vector<CheckedRequest> checked;
  checked.reserve(batch.requests.size());
  for (const SignRequest& request : batch.requests) checked.push_back(Begin(request, basis, now));
  for (CheckedRequest& one : checked) one.Refuse(refusal);
  return checked;
}

std::vector<CheckedRequest> RequestChecker::Check(const IncomingBatch& batch, StreamPlacements& known,
                                                  const CheckBasis& basis) {
  for (const std::string& placement : batch.placements) known.Add(placement, cache_, basis.fleet.state);
  std::vector<CheckedRequest> checked;
  checked.reserve(batch.requests.size());
  for (const SignRequest& request : batch.requests) checked.push_back(CheckOne(request, known, basis));
  return checked;
}

CheckedRequest RequestChecker::CheckOne(const SignRequest& request, StreamPlacements& known, const CheckBasis& basis) {
  const absl::Time now = clock_.Now();
  CheckedRequest checked = Begin(request, basis, now);
  const std::shared_ptr<const PlacementEvidence> evidence =
      known.Find(request.placement_sha256, cache_, basis.fleet.state);
  // Without a placement there is nothing that claims could be derived from.
  if (evidence == nullptr) {
    checked.Refuse({.code = RefusalCode::kPlacementUnknown, .message = "placement_sha256: not sent on this stream"});
    return checked;
  }
  if (!evidence->placement.has_value()) {
    checked.Refuse(evidence->fault);
    return checked;
  }
  const Placement& placement = *evidence->placement;
  checked.record.machine_id = placement.identity.machine_id;
  checked.record.organization_id = placement.identity.organization_id;
  const auto served = served_generation_.find(placement.identity.machine_id);
  const SignCase sign_case{.request = request,
                           .evidence = *evidence,
                           .placement = placement,
                           .fleet = basis.fleet,
                           .peer = basis.peer,
                           .now = now,
                           .clock_error = quality_.ErrorBound(),
                           .waited = clock_.Monotonic() - basis.arrived,
                           .served_generation = served == served_generation_.end() ? 0 : served->second};
  std::variant<Refusal, TokenClaims> judged = JudgeSignRequest(sign_case, rules_, NewUuid(ids_));
  if (Refusal* refusal = std::get_if<Refusal>(&judged)) {
    checked.Refuse(std::move(*refusal));
    return checked;
  }
  Prepare(std::get<TokenClaims>(judged), basis, checked);
  if (!checked.refused()) {
    uint64_t& newest = served_generation_[placement.identity.machine_id];
    newest = std::max(newest, placement.generation);
  }
  return checked;
}

void RequestChecker::Prepare(const TokenClaims& claims, const CheckBasis& basis, CheckedRequest& checked) const {
  const OrganizationIssuer* issuer = basis.fleet.state.FindOrganization(claims.identity.organization_id);
  if (issuer != nullptr) checked.key = ChooseTokenKey(basis.fleet.state, basis.keys, *issuer, claims.signed_at);
  if (checked.key == nullptr) {
    checked.Refuse({.code = RefusalCode::kKeyUnavailable,
                    .message = absl::StrCat("organization ", claims.identity.organization_slug,
                                            " key: none signing now, want one"),
                    .retry_after = kSoon});
    return;
  }
  const std::string kid =
      OrganizationKeyId(claims.identity.organization_id, issuer->epoch, checked.key->hsm_key().spki_der);
  checked.signing_input = SigningInput(TokenHeader(checked.key->alg(), kid), TokenPayload(claims));
  checked.sha256 = Sha256(checked.signing_input);
  checked.record.kid = kid;
  checked.record.jti = claims.jti;
  checked.record.audience = claims.audience;
  checked.outcome.result = SignedToken{.token = "",
                                       .jti = claims.jti,
                                       .issued_unix = IssuedUnix(claims.signed_at),
                                       .expires_unix = ExpiresUnix(claims.signed_at)};
}

}  // namespace tokensvc
