#include "tokensvc/fleet/registry/registry.h"

#include "absl/strings/str_cat.h"
#include "tokensvc/fleet/registry/version_record.h"

namespace tokensvc {
namespace {

// Names are tombstones too: no row is ever deleted.
constexpr const char* kMigrations[] = {
    "CREATE TABLE app (id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, name BLOB NOT NULL,"
    " created_unix INTEGER NOT NULL, UNIQUE (organization_id, name));"
    "CREATE TABLE machine (id BLOB PRIMARY KEY, app_id INTEGER NOT NULL REFERENCES app, name BLOB NOT NULL,"
    " worker BLOB NOT NULL, region BLOB NOT NULL, generation INTEGER NOT NULL, fence_number INTEGER NOT NULL,"
    " retired INTEGER NOT NULL, UNIQUE (app_id, name)) WITHOUT ROWID;"
    "CREATE TABLE version (machine_id BLOB NOT NULL REFERENCES machine, version BLOB NOT NULL,"
    " placed INTEGER NOT NULL, record BLOB NOT NULL, expires_unix INTEGER NOT NULL,"
    " PRIMARY KEY (machine_id, version)) WITHOUT ROWID",
};

constexpr char kAddVersion[] =
    "INSERT INTO version VALUES (?1, ?2, (SELECT coalesce(max(placed), 0) + 1 FROM version WHERE machine_id = ?1),"
    " ?3, ?4) ON CONFLICT (machine_id, version) DO UPDATE SET record = excluded.record,"
    " expires_unix = excluded.expires_unix";

AppRecord ToApp(const storage::SqliteStatement& row) {
  return {static_cast<uint64_t>(row.Int64(0)), static_cast<uint64_t>(row.Int64(1)), row.Text(2),
          absl::FromUnixSeconds(row.Int64(3))};
}

RegisteredMachine ToMachine(const storage::SqliteStatement& row) {
  return {row.Text(0),
          static_cast<uint64_t>(row.Int64(1)),
          row.Text(2),
          row.Text(3),
          row.Text(4),
          static_cast<uint64_t>(row.Int64(5)),
          static_cast<uint64_t>(row.Int64(6)),
          row.Int64(7) != 0};
}

SqlStatement AddVersion(absl::string_view machine_id, const MachineVersion& version) {
  return {kAddVersion,
          {std::string(machine_id), version.version, EncodeVersionRecord(version), absl::ToUnixSeconds(version.expires)}};
}

absl::StatusOr<MachineVersion> ToVersion(const storage::SqliteStatement& row) {
  absl::StatusOr<MachineVersion> version = DecodeVersionRecord(row.Text(1));
  if (!version.ok()) return version.status();
  version->version = row.Text(0);
  version->expires = absl::FromUnixSeconds(row.Int64(2));
  return version;
}

absl::Status Taken(absl::string_view kind, absl::string_view name, const absl::Status& status) {
  if (!absl::IsAlreadyExists(status)) return status;
  return absl::AlreadyExistsError(absl::StrCat(kind, ": ", name, ", want a name and an id that were never used"));
}

absl::Status NotThere(absl::string_view kind, absl::string_view name) {
  return absl::NotFoundError(absl::StrCat(kind, ": ", name, ", want one that exists"));
}

// Every row of a query, each through `convert`, which answers a T or a StatusOr<T>.
template <typename T, typename Convert>
absl::StatusOr<std::vector<T>> All(SqliteDatabase& db, const SqlStatement& statement, const Convert& convert) {
  std::vector<T> all;
  absl::Status converted;
  const absl::Status read = db.Query(statement, [&](const storage::SqliteStatement& row) {
    absl::StatusOr<T> value = convert(row);
    converted.Update(value.status());
    if (value.ok()) all.push_back(*std::move(value));
  });
  if (!read.ok()) return read;
  if (!converted.ok()) return converted;
  return all;
}

template <typename T, typename Convert>
absl::StatusOr<T> One(SqliteDatabase& db, const SqlStatement& statement, const Convert& convert,
                      const absl::Status& none) {
  absl::StatusOr<std::vector<T>> all = All<T>(db, statement, convert);
  if (!all.ok()) return all.status();
  if (all->empty()) return none;
  return std::move(all->front());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Registry>> Registry::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db = SqliteDatabase::Open(path, kMigrations);
  if (!db.ok()) return db.status();
  return std::unique_ptr<Registry>(new Registry(*std::move(db)));
}

absl::Status Registry::AddApp(const AppRecord& app) {
  return Taken("app", app.name,
               db_->Run({{"INSERT INTO app VALUES (?1, ?2, ?3, ?4)",
                          {static_cast<int64_t>(app.id), static_cast<int64_t>(app.organization_id), app.name,
                           absl::ToUnixSeconds(app.created)}}})
                   .status());
}

absl::StatusOr<AppRecord> Registry::FindApp(uint64_t organization_id, absl::string_view name) {
  return One<AppRecord>(
      *db_,
      {"SELECT id, organization_id, name, created_unix FROM app WHERE organization_id = ?1 AND name = ?2",
       {static_cast<int64_t>(organization_id), std::string(name)}},
      ToApp, NotThere("app", name));
}

absl::StatusOr<AppRecord> Registry::FindApp(uint64_t id) {
  return One<AppRecord>(
      *db_, {"SELECT id, organization_id, name, created_unix FROM app WHERE id = ?1", {static_cast<int64_t>(id)}},
      ToApp, NotThere("app", absl::StrCat(id)));
}

absl::StatusOr<std::vector<AppRecord>> Registry::ListApps(uint64_t organization_id, absl::string_view after_name,
                                                          size_t limit) {
  return All<AppRecord>(
      *db_,
      {"SELECT id, organization_id, name, created_unix FROM app WHERE organization_id = ?1 AND name > ?2"
       " ORDER BY name LIMIT ?3",
       {static_cast<int64_t>(organization_id), std::string(after_name), static_cast<int64_t>(limit)}},
      ToApp);
}

absl::Status Registry::AddMachine(const RegisteredMachine& machine, const MachineVersion& version) {
  return Taken("machine", machine.name,
               db_->Run({{"INSERT INTO machine VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                          {machine.id, static_cast<int64_t>(machine.app_id), machine.name, machine.worker,
                           machine.region, static_cast<int64_t>(machine.generation),
                           static_cast<int64_t>(machine.fence_number), int64_t{machine.retired}}},
                         AddVersion(machine.id, version)})
                   .status());
}

absl::StatusOr<RegisteredMachine> Registry::FindMachine(absl::string_view id) {
  return One<RegisteredMachine>(
      *db_,
      {"SELECT id, app_id, name, worker, region, generation, fence_number, retired FROM machine WHERE id = ?1",
       {std::string(id)}},
      ToMachine, NotThere("machine", id));
}

absl::StatusOr<std::vector<PlacedMachine>> Registry::ListMachines(absl::string_view after_id, size_t limit) {
  const auto convert = [](const storage::SqliteStatement& row) -> absl::StatusOr<PlacedMachine> {
    absl::StatusOr<MachineVersion> version = DecodeVersionRecord(row.Text(12));
    if (!version.ok()) return version.status();
    version->version = row.Text(11);
    version->expires = absl::FromUnixSeconds(row.Int64(13));
    return PlacedMachine{ToMachine(row),
                         {static_cast<uint64_t>(row.Int64(1)), static_cast<uint64_t>(row.Int64(8)), row.Text(9),
                          absl::FromUnixSeconds(row.Int64(10))},
                         *std::move(version)};
  };
  return All<PlacedMachine>(
      *db_,
      {"SELECT m.id, m.app_id, m.name, m.worker, m.region, m.generation, m.fence_number, m.retired,"
       " a.organization_id, a.name, a.created_unix, v.version, v.record, v.expires_unix"
       " FROM machine m JOIN app a ON a.id = m.app_id JOIN version v ON v.machine_id = m.id"
       " AND v.placed = (SELECT max(placed) FROM version WHERE machine_id = m.id)"
       " WHERE m.retired = 0 AND m.id > ?1 ORDER BY m.id LIMIT ?2",
       {std::string(after_id), static_cast<int64_t>(limit)}},
      convert);
}

absl::Status Registry::UpdateMachine(const RegisteredMachine& machine, uint64_t expected_generation) {
  const absl::StatusOr<int64_t> changed =
      db_->Run({{"UPDATE machine SET worker = ?3, region = ?4, generation = ?5, fence_number = ?6, retired = ?7"
                 " WHERE id = ?1 AND generation = ?2",
                 {machine.id, static_cast<int64_t>(expected_generation), machine.worker, machine.region,
                  static_cast<int64_t>(machine.generation), static_cast<int64_t>(machine.fence_number),
                  int64_t{machine.retired}}}});
  if (!changed.ok()) return changed.status();
  if (*changed == 1) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("machine ", machine.id, ": another generation, want ", expected_generation));
}

absl::Status Registry::PutVersion(absl::string_view machine_id, const MachineVersion& version) {
  return db_->Run({AddVersion(machine_id, version)}).status();
}

absl::StatusOr<std::vector<MachineVersion>> Registry::StandingVersions(absl::string_view machine_id, absl::Time now) {
  return All<MachineVersion>(
      *db_,
      {"SELECT version, record, expires_unix FROM version WHERE machine_id = ?1 AND expires_unix > ?2"
       " ORDER BY placed DESC LIMIT ?3",
       {std::string(machine_id), absl::ToUnixSeconds(now), static_cast<int64_t>(kStandingVersions)}},
      ToVersion);
}

absl::StatusOr<MachineVersion> Registry::FindVersion(absl::string_view machine_id, absl::string_view version) {
  return One<MachineVersion>(
      *db_,
      {"SELECT version, record, expires_unix FROM version WHERE machine_id = ?1 AND version = ?2",
       {std::string(machine_id), std::string(version)}},
      ToVersion, NotThere("version", version));
}

}  // namespace tokensvc
