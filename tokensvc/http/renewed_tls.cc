#include "tokensvc/http/renewed_tls.h"

#include <openssl/err.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"

namespace tokensvc {

namespace ssl = boost::asio::ssl;

RenewedTls::Mark RenewedTls::MarkOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return {};
  return {.inode = info.st_ino,
          .size = info.st_size,
          .modified_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

absl::StatusOr<std::shared_ptr<ssl::context>> RenewedTls::Read() const {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error);
  context->use_certificate_chain_file(certificate_file_, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat(certificate_file_, ": ", error.message(), ", want PEM"));
  // Refuses the key of another certificate.
  context->use_private_key_file(private_key_file_, ssl::context::pem, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat(private_key_file_, ": ", error.message(), ", want its key"));
  return context;
}

absl::StatusOr<std::shared_ptr<RenewedTls>> RenewedTls::Open(const std::string& certificate_file,
                                                             const std::string& private_key_file) {
  std::shared_ptr<RenewedTls> tls(new RenewedTls(certificate_file, private_key_file));
  absl::MutexLock lock(&tls->mu_);
  tls->read_ = {MarkOf(certificate_file), MarkOf(private_key_file)};
  absl::StatusOr<std::shared_ptr<ssl::context>> context = tls->Read();
  if (!context.ok()) return context.status();
  tls->context_ = *std::move(context);
  return tls;
}

std::shared_ptr<ssl::context> RenewedTls::Current() {
  absl::MutexLock lock(&mu_);
  const std::pair<Mark, Mark> now = {MarkOf(certificate_file_), MarkOf(private_key_file_)};
  if (now == read_) return context_;
  read_ = now;
  if (auto context = Read(); context.ok()) context_ = *std::move(context);
  ERR_clear_error();  // of a pair that does not fit: nobody's handshake is to find it
  return context_;
}

}  // namespace tokensvc
