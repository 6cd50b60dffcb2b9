#include "tokensvc/fleet/authority/machine_names.h"

#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tokensvc {
namespace {

constexpr absl::string_view kAdjectives[] = {
    "amber", "ancient", "aged",  "billowing", "bitter", "black",  "blue",  "bold",   "broken", "calm", "cold",
    "cool",  "crimson", "damp",  "dark",      "dawn",   "delicate", "dry", "empty",  "falling", "fragrant", "frosty",
    "green", "hidden",  "icy",   "lively",    "little", "long",   "misty", "morning", "muddy", "old",  "patient",
    "polished", "proud", "purple", "quiet",   "red",    "restless", "rough", "shy",  "silent", "small", "snowy",
    "solitary", "sparkling", "spring", "still", "summer", "twilight", "wandering", "weathered", "white", "wild", "winter",
    "young"};
constexpr absl::string_view kNouns[] = {
    "bird", "breeze", "brook", "bush", "butterfly", "cherry", "cloud", "dawn", "dew",   "dream", "dust",
    "feather", "field", "fire", "firefly", "flower", "fog",  "forest", "frog", "frost", "glade", "glitter",
    "grass", "haze", "hill", "lake", "leaf", "log",  "meadow", "moon", "morning", "mountain", "night",
    "paper", "pine", "pond", "rain", "resonance", "river", "sea", "shadow", "shape", "silence", "sky",
    "smoke", "snow", "snowflake", "sound", "star", "sun", "sunset", "surf", "thunder", "tree", "violet",
    "voice", "water", "wave", "wildflower", "wind", "wood"};

}  // namespace

std::string NewMachineName(UniqueIdSource& ids) {
  const std::string bytes = ids.NewBytes();
  uint64_t draw = 0;
  for (int i = 8; i < 16; ++i) draw = draw << 8 | static_cast<uint8_t>(bytes[i]);
  const absl::string_view adjective = kAdjectives[draw % std::size(kAdjectives)];
  draw /= std::size(kAdjectives);
  const absl::string_view noun = kNouns[draw % std::size(kNouns)];
  draw /= std::size(kNouns);
  return absl::StrCat(adjective, "-", noun, "-", 1000 + draw % 9000);
}

}  // namespace tokensvc
