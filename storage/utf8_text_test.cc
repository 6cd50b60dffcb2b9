#include "storage/utf8_text.h"

#include <string>

#include "gtest/gtest.h"

namespace storage {
namespace {

TEST(Utf8TextTest, LeavesCharactersAndReplacesOtherBytes) {
  for (const char* valid : {"", "plain", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(Utf8Text(valid), valid);
  }
  EXPECT_EQ(Utf8Text("a\xC3"), "a?") << "cut";
  EXPECT_EQ(Utf8Text("\x80z"), "?z") << "a tail alone";
  EXPECT_EQ(Utf8Text("\xC0\xAF"), "??") << "overlong";
  EXPECT_EQ(Utf8Text("\xE0\x80\xAF"), "???") << "overlong";
  EXPECT_EQ(Utf8Text("\xED\xA0\x80"), "???") << "a surrogate";
  EXPECT_EQ(Utf8Text("\xF4\x90\x80\x80"), "????") << "beyond the last";
  EXPECT_EQ(Utf8Text("\xFF ok"), "? ok");
}

TEST(Utf8TextTest, IsCutBetweenCharacters) {
  EXPECT_EQ(CutText("abc", 3), "abc");
  EXPECT_EQ(CutText("abcd", 3), "abc");
  EXPECT_EQ(CutText("ab\xC3\xA9", 3), "ab");
  EXPECT_EQ(CutText("ab\xC3\xA9", 4), "ab\xC3\xA9");
  EXPECT_EQ(CutText("\xF0\x9F\x98\x80", 3), "");
}

}  // namespace
}  // namespace storage
