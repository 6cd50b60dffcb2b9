#include "tokensvc/macaroon/caveats/action.h"

#include "absl/strings/str_cat.h"

namespace tokensvc::macaroon {
namespace {

struct Letter {
  char letter;
  Action action;
};

constexpr Letter kLetters[] = {{'r', Action::kRead},
                               {'w', Action::kWrite},
                               {'c', Action::kCreate},
                               {'d', Action::kDelete},
                               {'C', Action::kControl}};

absl::StatusOr<Action> ParseLetter(char letter) {
  if (letter == '*') return static_cast<Action>(0xffff);
  for (const Letter& row : kLetters) {
    if (row.letter == letter) return row.action;
  }
  return absl::InvalidArgumentError(absl::StrCat("action: '", absl::string_view(&letter, 1), "', want of rwcdC or *"));
}

}  // namespace

std::string ActionText(Action action) {
  std::string text;
  for (const Letter& row : kLetters) {
    if (IsSubset(row.action, action)) text.push_back(row.letter);
  }
  return text;
}

absl::StatusOr<Action> ParseAction(absl::string_view text) {
  Action action = Action::kNone;
  for (const char letter : text) {
    const absl::StatusOr<Action> one = ParseLetter(letter);
    if (!one.ok()) return one.status();
    action = action | *one;
  }
  return action;
}

}  // namespace tokensvc::macaroon
