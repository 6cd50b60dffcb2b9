#include "tokensvc/rpc/config_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tokensvc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

std::string FieldNames(const std::string& message_type) {
  const Descriptor* type = DescriptorPool::generated_pool()->FindMessageTypeByName(message_type);
  if (type == nullptr) return "a field of " + message_type;
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  return "one of " + absl::StrJoin(names, ", ");
}

// The parser's words, as `found, want`.
std::string FoundWant(absl::string_view message) {
  message = absl::StripSuffix(message, ".");
  const std::vector<std::string> quoted = absl::StrSplit(message, '"');
  if (absl::StrContains(message, "has no field named") && quoted.size() == 5) {
    return absl::StrCat("field ", quoted[3], ", want ", FieldNames(quoted[1]));
  }
  if (absl::StrContains(message, "is specified multiple times") && quoted.size() == 3) {
    return absl::StrCat("field ", quoted[1], " twice, want it once");
  }
  absl::string_view rest = message;
  if (absl::ConsumePrefix(&rest, "Expected ")) {
    for (absl::string_view separator : {", got: ", ", found "}) {
      const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(rest, absl::MaxSplits(separator, 1));
      if (!parts.second.empty()) return absl::StrCat(parts.second, ", want ", parts.first);
    }
  }
  std::string text(message);
  if (!text.empty()) text[0] = absl::ascii_tolower(text[0]);
  return text;
}

class Faults final : public google::protobuf::io::ErrorCollector {
 public:
  explicit Faults(std::string path) : path_(std::move(path)) {}
  void AddError(int line, int, const std::string& message) override {
    lines_.push_back(absl::StrCat(path_, ":", line + 1, ": ", FoundWant(message)));
  }
  std::string Text() const { return absl::StrJoin(lines_, "\n"); }

 private:
  const std::string path_;
  std::vector<std::string> lines_;
};

}  // namespace

struct ConfigFile::Locations {
  const Descriptor* type = nullptr;
  TextFormat::ParseInfoTree tree;
};

ConfigFile::ConfigFile(std::string path, std::unique_ptr<Locations> locations)
    : path_(std::move(path)), locations_(std::move(locations)) {}
ConfigFile::ConfigFile(ConfigFile&&) noexcept = default;
ConfigFile& ConfigFile::operator=(ConfigFile&&) noexcept = default;
ConfigFile::~ConfigFile() = default;

absl::StatusOr<ConfigFile> ConfigFile::Read(const std::string& path, google::protobuf::Message& message) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": unreadable, want a configuration file"));
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  auto locations = std::make_unique<Locations>();
  locations->type = message.GetDescriptor();
  Faults faults(path);
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&faults);
  parser.WriteLocationsTo(&locations->tree);
  if (!parser.ParseFromString(text, &message)) return absl::InvalidArgumentError(faults.Text());
  return ConfigFile(path, std::move(locations));
}

absl::Status ConfigFile::Bad(absl::string_view field, absl::string_view found_want) const {
  int line = -1;
  const Descriptor* type = locations_->type;
  TextFormat::ParseInfoTree* tree = &locations_->tree;
  for (absl::string_view name : absl::StrSplit(field, '.')) {
    const FieldDescriptor* step = type == nullptr ? nullptr : type->FindFieldByName(std::string(name));
    if (step == nullptr || tree == nullptr) break;
    const int index = step->is_repeated() ? 0 : -1;
    const TextFormat::ParseLocation found = tree->GetLocation(step, index);
    if (found.line < 0) break;
    line = found.line;
    type = step->message_type();
    tree = type == nullptr ? nullptr : tree->GetTreeForNested(step, index);
  }
  const std::string where = line < 0 ? path_ : absl::StrCat(path_, ":", line + 1);
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", field, ": ", found_want));
}

}  // namespace tokensvc
