#ifndef TESTS_SIGNERD_ROOTED_FLYD_H_
#define TESTS_SIGNERD_ROOTED_FLYD_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/rpc/test_fleet.h"
#include "tokensvc/clock.h"

namespace fly::signer::v1 {
class SignBatch;
class SignBatchResult;
}  // namespace fly::signer::v1

namespace tests {

// Someone who has a worker's certificate and key, and speaks to a signer as he likes: one stream at a time.
class RootedFlyd {
 public:
  // `name` is that of the certificate. The clock outlives the object.
  RootedFlyd(const TestFleet& fleet, const std::string& name, const std::string& signer, const tokensvc::Clock& clock);
  ~RootedFlyd();

  // Sends the batch on the open stream and waits for its answer. False: the stream ended.
  bool Ask(const fly::signer::v1::SignBatch& batch, fly::signer::v1::SignBatchResult& result);

  // Sends bytes as a message on a stream of their own and waits for its end: "CODE REASON".
  std::string SendBytes(const std::string& message);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tests

#endif  // TESTS_SIGNERD_ROOTED_FLYD_H_
