#ifndef TOKENSVC_HTTP_RENEWED_TLS_H_
#define TOKENSVC_HTTP_RENEWED_TLS_H_

#include <sys/types.h>

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace tokensvc {

// A server's certificate chain and its key (PEM) for TLS 1.2 or 1.3, read again when the files have changed: a certificate
// is renewed under a running server. While a new pair cannot be read, or is put in place half, the old one goes on.
// Thread-safe.
class RenewedTls {
 public:
  // InvalidArgument, naming the file.
  static absl::StatusOr<std::shared_ptr<RenewedTls>> Open(const std::string& certificate_file,
                                                          const std::string& private_key_file);

  // For a connection that begins now.
  std::shared_ptr<boost::asio::ssl::context> Current() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // When and what a file was last: enough to see that it is another.
  struct Mark {
    ino_t inode;
    off_t size;
    int64_t modified_ns;
    friend bool operator==(const Mark&, const Mark&) = default;
  };
  static Mark MarkOf(const std::string& path);

  RenewedTls(std::string certificate_file, std::string private_key_file)
      : certificate_file_(std::move(certificate_file)), private_key_file_(std::move(private_key_file)) {}
  absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> Read() const;

  const std::string certificate_file_;
  const std::string private_key_file_;
  absl::Mutex mu_;
  std::pair<Mark, Mark> read_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<boost::asio::ssl::context> context_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_RENEWED_TLS_H_
