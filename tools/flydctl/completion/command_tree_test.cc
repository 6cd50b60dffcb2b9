#include "tools/flydctl/completion/command_tree.h"

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tools {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Not;

// flydctl [-v LEVEL] fruit pick [--quick] COLOUR
class CommandTreeTest : public testing::Test {
 protected:
  CommandTreeTest() {
    app_.fallthrough();
    app_.add_option("-v,--verbose", text_, "How much")->check(CLI::IsMember({"low", "high"}));
    CLI::App* fruit = app_.add_subcommand("fruit", "Of trees");
    pick_ = fruit->add_subcommand("pick", "Take one");
    pick_->add_flag("--quick", flag_, "At once");
    pick_->add_option("colour", text_, "Of its skin")->check(CLI::IsMember({"red", "green"}));
  }

  std::string text_;
  bool flag_ = false;
  CLI::App app_;
  CLI::App* pick_ = nullptr;
};

TEST_F(CommandTreeTest, EachCommandComesAfterTheOneAboveIt) {
  const std::vector<Command> commands = DescribeCommands(app_);
  EXPECT_THAT(commands, ElementsAre(Field(&Command::path, "flydctl"), Field(&Command::path, "flydctl fruit"),
                                    Field(&Command::path, "flydctl fruit pick")));
  ASSERT_EQ(commands[0].subcommands.size(), 1u);
  EXPECT_EQ(commands[0].subcommands[0].help, "Of trees");
  EXPECT_THAT(commands[2].subcommands, IsEmpty());
}

TEST_F(CommandTreeTest, OptionsAboveFallThroughButHelpIsEachCommandsOwn) {
  const Command pick = DescribeCommands(app_)[2];
  EXPECT_THAT(pick.options, ElementsAre(Field(&CommandArgument::names, ElementsAre("-h", "--help")),
                                        Field(&CommandArgument::names, ElementsAre("--quick")),
                                        Field(&CommandArgument::names, ElementsAre("-v", "--verbose"))));
}

TEST_F(CommandTreeTest, WithoutFallthroughOptionsAboveAreNotTaken) {
  pick_->fallthrough(false);
  EXPECT_THAT(DescribeCommands(app_)[2].options,
              Not(Contains(Field(&CommandArgument::names, ElementsAre("-v", "--verbose")))));
}

TEST_F(CommandTreeTest, FlagsTakeNoValue) {
  const Command pick = DescribeCommands(app_)[2];
  EXPECT_FALSE(pick.options[0].takes_value);
  EXPECT_FALSE(pick.options[1].takes_value);
  EXPECT_TRUE(pick.options[2].takes_value);
}

TEST_F(CommandTreeTest, ValuesAreThoseOfTheCheck) {
  const Command pick = DescribeCommands(app_)[2];
  EXPECT_THAT(pick.options[2].values, ElementsAre("low", "high"));
  ASSERT_EQ(pick.places.size(), 1u);
  EXPECT_THAT(pick.places[0].names, ElementsAre("colour"));
  EXPECT_THAT(pick.places[0].values, ElementsAre("red", "green"));
}

TEST_F(CommandTreeTest, WithoutACheckAnyValueMayStand) {
  pick_->add_option("--note", text_, "Of any words");
  EXPECT_THAT(DescribeCommands(app_)[2].options[2].values, IsEmpty());
}

}  // namespace
}  // namespace tools
