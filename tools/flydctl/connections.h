#ifndef TOOLS_FLYDCTL_CONNECTIONS_H_
#define TOOLS_FLYDCTL_CONNECTIONS_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "proto/machines/v1/machines.grpc.pb.h"
#include "proto/signer/v1/signer.grpc.pb.h"
#include "tools/flydctl/flydctl_config.h"

namespace tools {

// The fleet that one command speaks with. Everything is opened when first needed, so that commands that need no fleet
// need no configuration. Not thread-safe.
class Connections {
 public:
  absl::StatusOr<const FlydctlConfig*> config();
  absl::StatusOr<fly::fleet::v1::Fleet::Stub*> fleet();

  // `name` empty: the fleet's only worker. InvalidArgument: there is no such one, or there are several.
  absl::StatusOr<std::string> ResolveWorker(absl::string_view name);
  absl::StatusOr<fly::machines::v1::Machines::Stub*> worker(absl::string_view name);

  // The worker that has the machine: asked of each in turn. NotFound where none has.
  absl::StatusOr<fly::machines::v1::Machines::Stub*> worker_of(absl::string_view machine_id);

  // `name` is one of the configuration's signers.
  absl::StatusOr<std::unique_ptr<fly::signer::v1::Keys::Stub>> signer(const std::string& name);

 private:
  std::unique_ptr<FlydctlConfig> config_;
  std::unique_ptr<fly::fleet::v1::Fleet::Stub> fleet_;
  std::map<std::string, std::unique_ptr<fly::machines::v1::Machines::Stub>> workers_;
};

}  // namespace tools

#endif  // TOOLS_FLYDCTL_CONNECTIONS_H_
