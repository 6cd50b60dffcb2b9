#ifndef TOKENSVC_SIGNER_BATCH_SIGN_HANDLER_H_
#define TOKENSVC_SIGNER_BATCH_SIGN_HANDLER_H_

#include <memory>
#include <string>

#include "tokensvc/clock.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/signer/batch/batch_pipeline.h"

namespace grpc {
class Service;
}

namespace tokensvc {

// fly.signer.v1.Signer: one lane of the pipeline a stream. At most eight batches of a stream are under way; then it is not
// read until one is answered. The arguments outlive the service.
std::unique_ptr<grpc::Service> MakeSignService(BatchPipeline& pipeline, std::string fleet, const Clock& clock,
                                               JsonLog& log);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_BATCH_SIGN_HANDLER_H_
