#include "tokensvc/signer/keys/key_table.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tokensvc {
namespace {

// `spki` is empty from the intent to make a key until the key is there.
constexpr const char* kMigrations[] = {
    "CREATE TABLE key(id TEXT PRIMARY KEY, spki BLOB NOT NULL) STRICT;",
};

}  // namespace

absl::StatusOr<std::unique_ptr<KeyTable>> KeyTable::Open(const std::string& journal_path, Hsm& hsm,
                                                         std::string key_group) {
  auto journal = storage::SqliteConnection::Open(journal_path, storage::SqliteSync::kEveryCommit, kMigrations);
  if (!journal.ok()) return journal.status();
  return std::unique_ptr<KeyTable>(new KeyTable(*std::move(journal), hsm, std::move(key_group)));
}

absl::StatusOr<std::string> KeyTable::Journalled(const std::string& id) {
  absl::StatusOr<storage::SqliteStatement> select = journal_->Prepare("SELECT spki FROM key WHERE id = ?1");
  if (!select.ok()) return select.status();
  select->Bind(1, id);
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return row.status();
  return *row ? select->Text(0) : "";
}

absl::Status KeyTable::Journal(const std::string& id, absl::string_view spki_der) {
  absl::StatusOr<storage::SqliteStatement> put = journal_->Prepare("INSERT OR REPLACE INTO key(id, spki) VALUES(?1, ?2)");
  if (!put.ok()) return put.status();
  put->Bind(1, id);
  put->BindBlob(2, spki_der);
  return put->Run();
}

absl::StatusOr<std::shared_ptr<const TokenKey>> KeyTable::FindOrMake(const KeySlot& slot) {
  const std::string id = TokenKeyId(slot.key_group, slot.slot);
  const HsmKeyType type = KeyTypeFor(slot.algorithm);
  const absl::StatusOr<std::string> noted = Journalled(id);
  if (!noted.ok()) return noted.status();
  absl::StatusOr<HsmKey> key = hsm_.FindKey(id, type);
  if (absl::IsNotFound(key.status())) {
    if (!noted->empty()) {
      return absl::FailedPreconditionError(absl::StrCat("hsm key ", id, ": lost, want the one that the journal names"));
    }
    if (absl::Status intent = Journal(id, ""); !intent.ok()) return intent;
    key = hsm_.GenerateKey(id, type);
  }
  if (!key.ok()) return key.status();
  if (noted->empty()) {
    if (absl::Status made = Journal(id, key->spki_der); !made.ok()) return made;
  } else if (*noted != key->spki_der) {
    return absl::FailedPreconditionError(absl::StrCat("hsm key ", id, ": another key, want the one that the journal names"));
  }
  return TokenKey::Create(*std::move(key));
}

absl::Status KeyTable::Update(const FleetState& fleet, absl::Time now) {
  absl::MutexLock update(&update_);
  const std::shared_ptr<const TokenKeys> before = keys();
  auto next = std::make_shared<TokenKeys>();
  absl::Status first_error;
  for (const auto& [name, slot] : fleet.key_slots()) {
    if (slot.key_group != key_group_ || KeyStateAt(slot, now) == KeyState::kRemoved) continue;
    if (const auto known = before->find(name); known != before->end()) {
      next->insert(*known);
      continue;
    }
    absl::StatusOr<std::shared_ptr<const TokenKey>> key = FindOrMake(slot);
    if (key.ok()) {
      next->emplace(name, *std::move(key));
    } else {
      first_error.Update(key.status());
    }
  }
  absl::MutexLock lock(&mu_);
  keys_ = std::move(next);
  return first_error;
}

std::shared_ptr<const TokenKeys> KeyTable::keys() const {
  absl::MutexLock lock(&mu_);
  return keys_;
}

}  // namespace tokensvc
