#!/usr/bin/python3
"""The sources keep the house rules, and each rule finds a file that breaks it."""

import os
import sys
import unittest

sys.path[:0] = [os.getcwd()]
from tests import python_cases  # noqa: E402
from tests.house import rules  # noqa: E402

ROOT = os.path.dirname(os.path.realpath("WORKSPACE"))


class HouseTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = rules.read_tree(ROOT)

    def check(self, rule):
        self.assertGreater(len(self.files), 20, f"{ROOT}: sources not found")
        broken = rule(self.files)
        self.assertFalse(broken, "\n" + "\n".join(broken))

    def test_no_file_is_longer_than_400_lines_and_no_header_than_300(self):
        self.check(rules.long_files)

    def test_no_include_points_upward(self):
        self.check(rules.upward_includes)

    def test_no_files_include_each_other_in_a_circle(self):
        self.check(rules.circles_of_files)

    def test_no_folders_include_each_other_in_a_circle(self):
        self.check(rules.circles_of_folders)

    def test_only_the_real_clock_reads_the_time(self):
        self.check(rules.readings_of_the_clock)

    def test_each_layer_has_a_readme(self):
        self.check(rules.readmes)

    def test_no_test_sleeps(self):
        self.check(rules.sleeps_in_tests)

    def test_include_guards_are_paths(self):
        self.check(rules.wrong_guards)

    def test_no_library_is_open_to_every_layer(self):
        self.check(rules.public_targets)

    def test_flyd_does_not_reach_pkcs11(self):
        self.check(rules.ways_to_pkcs11)


class RulesTest(unittest.TestCase):
    """Both sides of every rule."""

    def assert_finds(self, rule, bad, good):
        self.assertEqual(len(rule(bad)), 1, rule(bad))
        self.assertEqual(rule(good), [])

    def test_a_file_of_401_lines_is_found_whatever_it_holds(self):
        for path in ("flyd/a.cc", "flyd/BUILD.bazel", "tools/setup", "docs/a.md", "proto/a.proto"):
            self.assert_finds(rules.long_files, {path: "\n" * 401}, {path: "\n" * 400})

    def test_a_header_of_301_lines_is_found(self):
        self.assert_finds(rules.long_files, {"flyd/a.h": "\n" * 301}, {"flyd/a.h": "\n" * 300})

    def test_an_upward_include_is_found(self):
        self.assert_finds(rules.upward_includes, {"storage/a.cc": '#include "tokensvc/clock.h"\n'},
                          {"tokensvc/a.cc": '#include "storage/a.h"\n', "flyd/a_test.cc": '#include "tests/fakes/a.h"\n'})
        self.assert_finds(rules.upward_includes, {"flyd/a.cc": '#include "tests/fakes/a.h"\n'}, {})

    def test_files_that_include_each_other_through_a_third_are_found(self):
        files = {"flyd/a.h": '#include "flyd/b.h"\n', "flyd/a.cc": '#include "flyd/a.h"\n',
                 "flyd/b.h": "", "flyd/b.cc": '#include "flyd/b.h"\n#include "flyd/c.h"\n', "flyd/c.h": ""}
        self.assert_finds(rules.circles_of_files, {**files, "flyd/c.h": '#include "flyd/a.h"\n'}, files)

    def test_folders_that_include_each_other_through_different_files_are_found(self):
        files = {"flyd/a/x.h": '#include "flyd/b/x.h"\n', "flyd/b/x.h": "", "flyd/a/y.h": "",
                 "flyd/a/y_test.cc": '#include "tests/fakes/a.h"\n', "tests/fakes/a.h": '#include "flyd/a/y.h"\n'}
        self.assert_finds(rules.circles_of_folders, {**files, "flyd/b/y.h": '#include "flyd/a/y.h"\n'}, files)

    def test_a_circle_through_folders_below_and_through_the_folder_around_is_found(self):
        files = {"flyd/a/in/x.h": '#include "flyd/b/x.h"\n', "flyd/b/x.h": "", "flyd/a/y.h": "", "flyd/x.h": ""}
        self.assert_finds(rules.circles_of_folders, {**files, "flyd/b/y.h": '#include "flyd/a/y.h"\n'}, files)
        self.assert_finds(rules.circles_of_folders, {**files, "flyd/x.h": '#include "flyd/a/y.h"\n',
                                                     "flyd/b/x.h": '#include "flyd/x.h"\n'}, files)

    def test_protos_that_import_each_other_folder_by_folder_are_found(self):
        files = {"proto/a/x.proto": 'import "proto/b/x.proto";\n', "proto/b/x.proto": "", "proto/a/y.proto": ""}
        self.assert_finds(rules.circles_of_folders, {**files, "proto/b/y.proto": 'import "proto/a/y.proto";\n'}, files)

    def test_a_reading_of_the_clock_is_found(self):
        self.assert_finds(rules.readings_of_the_clock, {"flyd/a.cc": "x = absl::Now();"},
                          {"tokensvc/clock.cc": "return absl::Now();", "flyd/a.cc": "// not absl::Now()\n"})

    def test_a_sleep_in_a_test_is_found(self):
        self.assert_finds(rules.sleeps_in_tests, {"flyd/a_test.cc": "absl::SleepFor(x);"},
                          {"flyd/a.cc": "absl::SleepFor(x);", "flyd/a_test.cc": "// sleep (for) nothing\n"})

    def test_a_wrong_guard_is_found(self):
        self.assert_finds(rules.wrong_guards, {"flyd/init/a.h": "#ifndef A_H_\n#define A_H_\n"},
                          {"flyd/init/a.h": "#ifndef FLYD_INIT_A_H_\n#define FLYD_INIT_A_H_\n"})

    def test_a_public_target_is_found(self):
        self.assert_finds(rules.public_targets, {"flyd/BUILD.bazel": '["//visibility:public"]'},
                          {"tests/BUILD.bazel": '["//visibility:public"]'})

    def test_an_indirect_way_to_pkcs11_is_found(self):
        lower = {"tokensvc/a.h": "", "tokensvc/a.cc": '#include "tokensvc/pkcs11/session.h"\n'}
        self.assert_finds(rules.ways_to_pkcs11, {"flyd/b.cc": '#include "tokensvc/a.h"\n', **lower},
                          {"tools/b.cc": '#include "tokensvc/a.h"\n', **lower})

    def test_a_missing_readme_and_a_long_one_are_found(self):
        complete = {f"{layer}/README.md": "\n" * 80 for layer in rules.LAYERS}
        self.assert_finds(rules.readmes, {**complete, "flyd/README.md": "\n" * 81}, complete)
        self.assertEqual(len(rules.readmes({})), len(rules.LAYERS))


if __name__ == "__main__":
    python_cases.main(HouseTest, RulesTest)
