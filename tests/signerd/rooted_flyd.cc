#include "tests/signerd/rooted_flyd.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/signer/v1/signer.grpc.pb.h"
#include "tokensvc/rpc/error_details.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/tls_credentials.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tests {

namespace pb = fly::signer::v1;

struct RootedFlyd::Connection {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<pb::Signer::Stub> stub;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientReaderWriter<pb::SignBatch, pb::SignBatchResult>> stream;
};

RootedFlyd::RootedFlyd(const TestFleet& fleet, const std::string& name, const std::string& signer,
                       const tokensvc::Clock& clock)
    : connection_(std::make_unique<Connection>()) {
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials = tokensvc::ChannelCredentials(
      fleet.Leaf(tokensvc::Role::kWorker, name), fleet.name(), tokensvc::Role::kSigner, clock);
  if (!credentials.ok()) abort();
  grpc::ChannelArguments arguments;
  tokensvc::ApplyChannelSettings(arguments);
  connection_->channel = grpc::CreateCustomChannel(signer, *credentials, arguments);
  connection_->stub = pb::Signer::NewStub(connection_->channel);
}

RootedFlyd::~RootedFlyd() {
  if (connection_->stream == nullptr) return;
  connection_->context->TryCancel();
  connection_->stream->Finish();
}

bool RootedFlyd::Ask(const pb::SignBatch& batch, pb::SignBatchResult& result) {
  if (connection_->stream == nullptr) {
    connection_->context = std::make_unique<grpc::ClientContext>();
    connection_->context->set_wait_for_ready(true);
    connection_->stream = connection_->stub->Sign(connection_->context.get());
  }
  return connection_->stream->Write(batch) && connection_->stream->Read(&result);
}

std::string RootedFlyd::SendBytes(const std::string& message) {
  grpc::CompletionQueue queue;
  const auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return ok;
  };
  grpc::GenericStub stub(connection_->channel);
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  auto call = stub.PrepareCall(&context, "/fly.signer.v1.Signer/Sign", &queue);
  call->StartCall(nullptr);
  wait();
  const grpc::Slice slice(message);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  wait();
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  const bool answered = wait();
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  return absl::StrCat(answered ? "answered " : "", static_cast<int>(status.error_code()), " ",
                      tokensvc::ReasonOf(tokensvc::FromGrpcStatus(status)));
}

}  // namespace tests
