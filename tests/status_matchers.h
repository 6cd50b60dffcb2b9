#ifndef TESTS_STATUS_MATCHERS_H_
#define TESTS_STATUS_MATCHERS_H_

#include <ostream>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Matchers of absl::Status and absl::StatusOr<T>, which the installed Abseil does not have:
//
//   ASSERT_THAT(store.Put(record), IsOk());
//   EXPECT_THAT(store.Get("148e21"), StatusIs(absl::StatusCode::kNotFound));
//   EXPECT_THAT(store.Get("148e21"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("148e21")));
//   EXPECT_THAT(Parse("7"), IsOkAndHolds(7));
namespace tests {

namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

template <typename Inner>
class HoldsMatcher {
 public:
  using is_gtest_matcher = void;

  explicit HoldsMatcher(Inner inner) : inner_(std::move(inner)) {}

  template <typename T>
  bool MatchAndExplain(const absl::StatusOr<T>& result, testing::MatchResultListener* listener) const {
    if (!result.ok()) {
      *listener << "which is " << result.status().ToString();
      return false;
    }
    return testing::SafeMatcherCast<const T&>(inner_).MatchAndExplain(*result, listener);
  }
  void DescribeTo(std::ostream* os) const { *os << "is OK and holds the value wanted"; }
  void DescribeNegationTo(std::ostream* os) const { *os << "is not OK or holds another value"; }

 private:
  Inner inner_;
};

}  // namespace internal

// Matches an OK Status or StatusOr.
MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  const absl::Status& status = internal::StatusOf(arg);
  if (!status.ok()) *result_listener << "which is " << status.ToString();
  return status.ok();
}

MATCHER_P(HasCode, code, "has code " + absl::StatusCodeToString(code)) {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code;
}

MATCHER_P2(HasCodeAndMessage, code, message,
           "has code " + absl::StatusCodeToString(code) + " and a message that " +
               testing::DescribeMatcher<std::string>(message)) {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << "which is " << status.ToString();
  return status.code() == code &&
         testing::SafeMatcherCast<const std::string&>(message).Matches(std::string(status.message()));
}

// Matches a Status or StatusOr of `code`, whatever it says.
inline auto StatusIs(absl::StatusCode code) { return HasCode(code); }
// Matches a Status or StatusOr of `code` whose message matches `message`, a string or a matcher of one.
template <typename Message>
auto StatusIs(absl::StatusCode code, Message message) {
  return HasCodeAndMessage(code, message);
}

// Matches an OK StatusOr whose value matches `inner`, a value or a matcher.
template <typename Inner>
auto IsOkAndHolds(Inner inner) {
  return internal::HoldsMatcher<Inner>(std::move(inner));
}

}  // namespace tests

#endif  // TESTS_STATUS_MATCHERS_H_
