#include "tools/flydctl/machine_logs.h"

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>

#include "tokensvc/rpc/to_grpc_status.h"

namespace tools {

namespace pb = fly::machines::v1;

absl::Status PassOnLogs(pb::Machines::Stub& worker, const std::string& machine_id, bool follow) {
  grpc::ClientContext context;
  pb::StreamLogsRequest request;
  request.set_id(machine_id);
  request.set_follow(follow);
  const std::unique_ptr<grpc::ClientReader<pb::LogChunk>> reader = worker.StreamLogs(&context, request);
  pb::LogChunk chunk;
  while (reader->Read(&chunk)) {
    std::FILE* const out = chunk.stream() == pb::LogChunk::STDERR ? stderr : stdout;
    std::fwrite(chunk.data().data(), 1, chunk.data().size(), out);
    std::fflush(out);
  }
  return tokensvc::FromGrpcStatus(reader->Finish());
}

}  // namespace tools
