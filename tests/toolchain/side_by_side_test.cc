// One process, two cryptographic libraries, each its own: gRPC speaks TLS with the system's OpenSSL 3, our code signs
// with BoringSSL, and neither sees the other's symbols. RocksDB and SQLite work beside them. symbols_test.sh looks at
// the same program from outside.

#include <dlfcn.h>
#include <unistd.h>

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <rocksdb/db.h>
#include <sqlite3.h>

#include "tests/toolchain/toolchain.grpc.pb.h"

namespace toolchain {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

bssl::UniquePtr<EVP_PKEY> NewP256Key() {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (!EC_KEY_generate_key(ec.get()) || !EVP_PKEY_set1_EC_KEY(key.get(), ec.get())) return nullptr;
  return key;
}

std::string Contents(BIO* bio) {
  const uint8_t* data;
  size_t size;
  return BIO_mem_contents(bio, &data, &size) ? std::string(reinterpret_cast<const char*>(data), size) : "";
}

std::string PrivateKeyPem(EVP_PKEY* key) {
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return Contents(bio.get());
}

// A certificate of `key` for "localhost", signed by itself.
std::string CertificatePem(EVP_PKEY* key) {
  bssl::UniquePtr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const uint8_t*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key);
  char names[] = "DNS:localhost";
  bssl::UniquePtr<X509_EXTENSION> extension(X509V3_EXT_nconf_nid(nullptr, nullptr, NID_subject_alt_name, names));
  X509_add_ext(certificate.get(), extension.get(), -1);
  X509_sign(certificate.get(), key, EVP_sha256());
  bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  return Contents(bio.get());
}

// Signs and verifies `message` with BoringSSL.
bool SignatureHolds(EVP_PKEY* key, const std::string& message) {
  const auto* data = reinterpret_cast<const uint8_t*>(message.data());
  uint8_t signature[128];
  size_t size = sizeof(signature);
  bssl::ScopedEVP_MD_CTX signer, verifier;
  return EVP_DigestSignInit(signer.get(), nullptr, EVP_sha256(), nullptr, key) &&
         EVP_DigestSign(signer.get(), signature, &size, data, message.size()) &&
         EVP_DigestVerifyInit(verifier.get(), nullptr, EVP_sha256(), nullptr, key) &&
         EVP_DigestVerify(verifier.get(), signature, size, data, message.size());
}

class EchoService final : public Echo::Service {
  grpc::Status Say(grpc::ServerContext* context, const Words* request, Words* response) override {
    response->set_text(request->text() + (context->auth_context()->FindPropertyValues("transport_security_type").empty()
                                              ? " in the clear"
                                              : " over TLS"));
    return grpc::Status::OK;
  }
};

std::string FileOf(const void* address) {
  Dl_info info;
  return dladdr(address, &info) != 0 ? info.dli_fname : "";
}

TEST(SideBySideTest, GrpcsTlsAndBoringSslsSignaturesWorkInOneProcess) {
  const bssl::UniquePtr<EVP_PKEY> key = NewP256Key();
  ASSERT_NE(key, nullptr);
  const std::string certificate = CertificatePem(key.get());

  grpc::SslServerCredentialsOptions server_options;
  server_options.pem_key_cert_pairs.push_back({PrivateKeyPem(key.get()), certificate});
  EchoService service;
  int port = 0;
  const std::unique_ptr<grpc::Server> server =
      grpc::ServerBuilder()
          .AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(server_options), &port)
          .RegisterService(&service)
          .BuildAndStart();
  ASSERT_NE(server, nullptr);

  grpc::SslCredentialsOptions client_options;
  client_options.pem_root_certs = certificate;
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  const std::unique_ptr<Echo::Stub> stub = Echo::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(port), grpc::SslCredentials(client_options), arguments));
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(SignatureHolds(key.get(), "round " + std::to_string(round)));
    grpc::ClientContext context;
    Words request, response;
    request.set_text("hello");
    const grpc::Status status = stub->Say(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.text(), "hello over TLS");
  }
}

TEST(SideBySideTest, OurCallsReachBoringSslAndTheProcessAlsoHoldsOpenSsl) {
  EXPECT_STREQ(OpenSSL_version(OPENSSL_VERSION), "BoringSSL");
  void* const openssl = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(openssl, nullptr) << "libcrypto.so.3: not loaded, want it as gRPC's";
  const auto version = reinterpret_cast<const char* (*)(int)>(dlsym(openssl, "OpenSSL_version"));
  EXPECT_THAT(version(0), StartsWith("OpenSSL 3."));
  dlclose(openssl);
}

TEST(SideBySideTest, LibrariesThatAskForASymbolGetOpenSsls) {
  EXPECT_THAT(FileOf(dlsym(RTLD_DEFAULT, "EVP_DigestSign")), HasSubstr("libcrypto.so.3"));
  EXPECT_THAT(FileOf(dlsym(RTLD_DEFAULT, "SSL_CTX_new")), HasSubstr("libssl.so.3"));
  EXPECT_THAT(FileOf(reinterpret_cast<const void*>(&EVP_DigestSign)), HasSubstr("side_by_side_test"));
}

TEST(SideBySideTest, RocksDbAndSqliteWorkBesideThem) {
  std::string folder = "/tmp/side_by_side.XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder, &opened).ok());
  std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  ASSERT_TRUE(db->Put(synced, "machine", "148e21").ok());
  std::string value;
  EXPECT_TRUE(db->Get(rocksdb::ReadOptions(), "machine", &value).ok());
  EXPECT_EQ(value, "148e21");
  db.reset();
  EXPECT_TRUE(rocksdb::DestroyDB(folder, options).ok());
  rmdir(folder.c_str());

  sqlite3* ledger = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &ledger), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(ledger, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_changes(ledger), 1);
  sqlite3_close(ledger);
}

}  // namespace
}  // namespace toolchain
