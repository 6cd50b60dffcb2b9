#ifndef TOKENSVC_FLEET_LOG_SQLITE_FLEET_LOG_STORE_H_
#define TOKENSVC_FLEET_LOG_SQLITE_FLEET_LOG_STORE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/fleet/database/sqlite_database.h"
#include "tokensvc/fleet/log/fleet_log_store.h"

namespace tokensvc {

// The fleet log in a SQLite file: one authority, one disk. tokensvc/fleet/database/fleet_state_format.md describes the file.
class SqliteFleetLogStore final : public FleetLogStore {
 public:
  // Errors as SqliteDatabase::Open.
  static absl::StatusOr<std::unique_ptr<SqliteFleetLogStore>> Open(const std::string& path);

  absl::StatusOr<uint64_t> LastNumber() override;
  absl::Status Append(uint64_t number, absl::string_view signed_entry) override;
  absl::StatusOr<std::vector<std::string>> Read(uint64_t from, size_t limit) override;
  absl::Status PutSigner(const SignerRecord& signer) override;
  absl::StatusOr<std::vector<SignerRecord>> Signers() override;

 private:
  explicit SqliteFleetLogStore(std::unique_ptr<SqliteDatabase> db) : db_(std::move(db)) {}
  const std::unique_ptr<SqliteDatabase> db_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_LOG_SQLITE_FLEET_LOG_STORE_H_
