#include "flyd/guest/own_record.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using nlohmann::json;

// Names are checked where they are made; metadata is free text.
std::string Text(const json& body) { return body.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::string OwnRecordPath(const BootView& view) {
  return absl::StrCat("/v1/apps/", view.app_name, "/machines/", view.machine_id);
}

std::string OwnRecordJson(const BootView& view) {
  return Text({{"id", view.machine_id},
               {"name", view.machine_name},
               {"state", view.booting ? "starting" : "started"},
               {"region", view.region},
               {"instance_id", view.version},
               {"version", view.version},
               {"image_ref", {{"repository", view.image}, {"digest", view.image_digest}}}});
}

std::string OwnMetadataJson(const BootView& view) { return Text(json(view.metadata)); }

std::string PresentedTokenJson(const BootView& view, absl::string_view token_id) {
  return Text({{"tokens",
                {{{"token_id", std::string(token_id)},
                  {"org_slug", view.organization_slug},
                  {"organization", absl::StrCat(view.organization_id)},
                  {"apps", {absl::StrCat(view.app_id)}},
                  {"restricted_to_machine", view.machine_id},
                  {"source_machine_id", view.machine_id}}}}});
}

}  // namespace flyd
