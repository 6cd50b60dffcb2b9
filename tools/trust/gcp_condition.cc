#include "tools/trust/gcp_condition.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tools {

struct GcpCondition::Node {
  enum class Kind { kAnd, kOr, kNot, kEquals, kStartsWith, kEndsWith, kContains };
  Kind kind = Kind::kEquals;
  std::vector<std::shared_ptr<const Node>> operands;  // kAnd, kOr: two; kNot: one
  std::string claim;                                  // the rest: what is compared
  std::vector<std::string> values;                    // alternatives
};

namespace {

using Node = GcpCondition::Node;
using Kind = Node::Kind;
using NodePtr = std::shared_ptr<const Node>;  // null: not parsed
using Bound = GcpCondition::SubjectBound;

constexpr int kMaxDepth = 64;

class Parser {
 public:
  Parser(absl::string_view text, const std::map<std::string, std::string>& mapping) : rest_(text), mapping_(mapping) {}

  NodePtr Whole() {
    NodePtr node = Or(0);
    SkipSpace();
    return rest_.empty() ? node : nullptr;
  }

 private:
  void SkipSpace() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }
  bool Take(absl::string_view token) {
    SkipSpace();
    return absl::ConsumePrefix(&rest_, token);
  }

  static NodePtr Combine(Kind kind, NodePtr left, NodePtr right) {
    if (left == nullptr || right == nullptr) return nullptr;
    return std::make_shared<Node>(Node{kind, {std::move(left), std::move(right)}, "", {}});
  }

  NodePtr Or(int depth) {
    NodePtr left = And(depth);
    while (left != nullptr && Take("||")) left = Combine(Kind::kOr, std::move(left), And(depth));
    return left;
  }
  NodePtr And(int depth) {
    NodePtr left = Unary(depth);
    while (left != nullptr && Take("&&")) left = Combine(Kind::kAnd, std::move(left), Unary(depth));
    return left;
  }
  NodePtr Unary(int depth) {
    if (depth > kMaxDepth) return nullptr;
    if (Take("!")) {
      NodePtr inner = Unary(depth + 1);
      return inner == nullptr ? nullptr : std::make_shared<Node>(Node{Kind::kNot, {std::move(inner)}, "", {}});
    }
    if (!Take("(")) return Term();
    NodePtr inner = Or(depth + 1);
    return Take(")") ? inner : nullptr;
  }

  // A string in single or double quotes. Escapes other than of quotes and backslash are beyond us.
  std::optional<std::string> Text() {
    SkipSpace();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return std::nullopt;
    const char quote = rest_[0];
    std::string text;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == quote) {
        rest_.remove_prefix(i + 1);
        return text;
      }
      if (rest_[i] == '\\') {
        ++i;
        if (i == rest_.size() || absl::string_view("\\'\"").find(rest_[i]) == absl::string_view::npos) return std::nullopt;
      }
      text.push_back(rest_[i]);
    }
    return std::nullopt;
  }

  std::string Name() {
    size_t end = 0;
    while (end < rest_.size() && (absl::ascii_isalnum(rest_[end]) || rest_[end] == '_')) ++end;
    const std::string name(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return name;
  }

  // assertion.NAME, assertion['NAME'], google.subject, attribute.NAME: the claim.
  std::optional<std::string> Claim() {
    SkipSpace();
    const std::string root = Name();
    std::string name;
    if (absl::ConsumePrefix(&rest_, ".")) {
      name = Name();
    } else if (absl::ConsumePrefix(&rest_, "[")) {
      const std::optional<std::string> text = Text();
      if (!text.has_value() || !Take("]")) return std::nullopt;
      name = *text;
    }
    if (name.empty()) return std::nullopt;
    if (root == "assertion") return name;
    const auto mapped = mapping_.find(absl::StrCat(root, ".", name));
    if (mapped == mapping_.end()) return std::nullopt;
    absl::string_view from = mapped->second;
    const bool plain = absl::ConsumePrefix(&from, "assertion.") &&
                       std::all_of(from.begin(), from.end(), [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
    return plain ? std::optional<std::string>(from) : std::nullopt;
  }

  NodePtr Compare(Kind kind, std::string claim, std::optional<std::string> value) {
    if (!value.has_value()) return nullptr;
    return std::make_shared<Node>(Node{kind, {}, std::move(claim), {*std::move(value)}});
  }

  NodePtr Term() {
    if (std::optional<std::string> text = Text(); text.has_value()) {
      if (!Take("==")) return nullptr;
      std::optional<std::string> claim = Claim();
      return claim.has_value() ? Compare(Kind::kEquals, *std::move(claim), std::move(text)) : nullptr;
    }
    std::optional<std::string> claim = Claim();
    if (!claim.has_value()) return nullptr;
    for (const auto& [method, kind] : {std::pair{".startsWith(", Kind::kStartsWith}, {".endsWith(", Kind::kEndsWith},
                                       {".contains(", Kind::kContains}}) {
      if (!Take(method)) continue;
      NodePtr call = Compare(kind, *std::move(claim), Text());
      return Take(")") ? call : nullptr;
    }
    if (Take("==")) return Compare(Kind::kEquals, *std::move(claim), Text());
    if (Take("!=")) {
      NodePtr equal = Compare(Kind::kEquals, *std::move(claim), Text());
      return equal == nullptr ? nullptr : std::make_shared<Node>(Node{Kind::kNot, {std::move(equal)}, "", {}});
    }
    return Take("in") ? List(*std::move(claim)) : nullptr;
  }

  NodePtr List(std::string claim) {
    Node node = {Kind::kEquals, {}, std::move(claim), {}};
    if (!Take("[")) return nullptr;
    do {
      std::optional<std::string> value = Text();
      if (!value.has_value()) return nullptr;
      node.values.push_back(*std::move(value));
    } while (Take(","));
    return Take("]") ? std::make_shared<Node>(std::move(node)) : nullptr;
  }

  absl::string_view rest_;
  const std::map<std::string, std::string>& mapping_;
};

bool Fits(Kind kind, absl::string_view value, absl::string_view want) {
  if (kind == Kind::kStartsWith) return absl::StartsWith(value, want);
  if (kind == Kind::kEndsWith) return absl::EndsWith(value, want);
  if (kind == Kind::kContains) return absl::StrContains(value, want);
  return value == want;
}

Truth JudgeNode(const Node& node, const std::map<std::string, std::string>& claims) {
  if (node.kind == Kind::kNot) return Not(JudgeNode(*node.operands[0], claims));
  if (node.kind == Kind::kAnd) return And(JudgeNode(*node.operands[0], claims), JudgeNode(*node.operands[1], claims));
  if (node.kind == Kind::kOr) return Or(JudgeNode(*node.operands[0], claims), JudgeNode(*node.operands[1], claims));
  const auto value = claims.find(node.claim);
  if (value == claims.end()) return Truth::kUnknown;
  return TruthOf(std::any_of(node.values.begin(), node.values.end(),
                             [&](const std::string& want) { return Fits(node.kind, value->second, want); }));
}

Bound::Pattern PatternOf(Kind kind, const std::string& value) {
  // A star in a CEL string is a letter: it is left to be found.
  if (kind == Kind::kEquals || absl::StrContains(value, '*')) return {value, GlobSyntax::kNone};
  return {absl::StrCat(kind == Kind::kStartsWith ? "" : "*", value, kind == Kind::kEndsWith ? "" : "*"), GlobSyntax::kStar};
}

Bound BoundOf(const Node& node) {
  if (node.kind == Kind::kNot) return {};
  if (node.kind == Kind::kAnd || node.kind == Kind::kOr) {
    Bound left = BoundOf(*node.operands[0]);
    Bound right = BoundOf(*node.operands[1]);
    if (node.kind == Kind::kAnd) return left.bounded ? left : right;
    if (!left.bounded || !right.bounded) return {};
    left.patterns.insert(left.patterns.end(), right.patterns.begin(), right.patterns.end());
    return left;
  }
  Bound bound;
  bound.bounded = node.claim == "sub" || node.claim == "app_name" || node.claim == "app_id" || node.claim == "machine_id" ||
                  node.claim == "machine_name";
  if (node.claim != "sub") return bound;
  for (const std::string& value : node.values) bound.patterns.push_back(PatternOf(node.kind, value));
  return bound;
}

}  // namespace

std::optional<GcpCondition> GcpCondition::Parse(absl::string_view text, const std::map<std::string, std::string>& mapping) {
  NodePtr root = Parser(text, mapping).Whole();
  if (root == nullptr) return std::nullopt;
  return GcpCondition(std::move(root));
}

Truth GcpCondition::Judge(const std::map<std::string, std::string>& claims) const { return JudgeNode(*root_, claims); }

GcpCondition::SubjectBound GcpCondition::BoundOfSubject() const { return BoundOf(*root_); }

}  // namespace tools
