#ifndef TOKENSVC_RPC_CONFIG_FILE_H_
#define TOKENSVC_RPC_CONFIG_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace tokensvc {

// A daemon's configuration: a protobuf message in text format. Keeps where each field stood, so that what is found wrong
// later can still name its line.
//
//   v1::FleetdConfig proto;
//   absl::StatusOr<ConfigFile> file = ConfigFile::Read(path, proto);
//   if (!file.ok()) return file.status();
//   if (!IsFleetName(proto.fleet())) return file->Bad("fleet", absl::StrCat(proto.fleet(), ", want [a-z0-9.-]"));
class ConfigFile {
 public:
  // Fills `message`. NotFound: no such file. InvalidArgument `FILE:LINE: found, want`, every fault on its own line of the
  // text: not text format, an unknown field, a value of another type, a field given twice.
  static absl::StatusOr<ConfigFile> Read(const std::string& path, google::protobuf::Message& message);

  // InvalidArgument `FILE:LINE: FIELD: found_want`. `field` is a path of names ("tls.ca_file"); a field that is absent
  // takes the line of the message around it, or none.
  absl::Status Bad(absl::string_view field, absl::string_view found_want) const;

  ConfigFile(ConfigFile&&) noexcept;
  ConfigFile& operator=(ConfigFile&&) noexcept;
  ~ConfigFile();

 private:
  struct Locations;
  ConfigFile(std::string path, std::unique_ptr<Locations> locations);
  std::string path_;
  std::unique_ptr<Locations> locations_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_CONFIG_FILE_H_
