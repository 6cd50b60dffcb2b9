#!/usr/bin/python3
"""Each way in which a target can fail is counted, and nothing twice."""

import json
import os
import sys
import tempfile
import unittest

sys.path[:0] = [os.getcwd()]
from tests import python_cases  # noqa: E402
from tools import count_cases  # noqa: E402

PASSED = '<testcase name="a" status="run" classname="T"/>'
FAILED = '<testcase name="b" status="run" classname="T"><failure message="x"/></testcase>'
NOT_RUN = '<testcase name="c" status="notrun" classname="T"/>'


def configured(label):
    return {"id": {"targetConfigured": {"label": label}}, "configured": {"testSize": "SMALL"}}


def completed(label, success):
    return {"id": {"targetCompleted": {"label": label}}, "completed": {"success": success} if success else {}}


class CountCasesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def result(self, label, status, cases, attempt=1):
        path = os.path.join(self.folder.name, f"{len(os.listdir(self.folder.name))}.xml")
        if cases is not None:
            with open(path, "w", encoding="utf-8") as report:
                report.write(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
        return {
            "id": {"testResult": {"label": label, "run": 1, "shard": 1, "attempt": attempt}},
            "testResult": {"status": status, "testActionOutput": [{"name": "test.xml", "uri": "file://" + path}]},
        }

    def count(self, *events):
        total = count_cases.count([json.dumps(event) for event in events])
        return total.passed, len(total.failed)

    def test_each_case_counts_once(self):
        self.assertEqual(self.count(configured("//a"), self.result("//a", "PASSED", PASSED * 3 + NOT_RUN)), (3, 0))

    def test_a_failed_case_counts_beside_the_passed_ones(self):
        self.assertEqual(self.count(configured("//a"), self.result("//a", "FAILED", PASSED * 2 + FAILED)), (2, 1))

    def test_a_target_that_fails_after_its_cases_passed_is_one_failure(self):
        self.assertEqual(self.count(configured("//a"), self.result("//a", "FAILED", PASSED * 2)), (2, 1))

    def test_a_target_without_a_report_is_one_failure(self):
        self.assertEqual(self.count(configured("//a"), self.result("//a", "TIMEOUT", None)), (0, 1))
        self.assertEqual(self.count(configured("//a"), self.result("//a", "PASSED", None)), (0, 1))

    def test_a_test_that_does_not_build_is_one_failure(self):
        self.assertEqual(self.count(configured("//a"), completed("//a", False)), (0, 1))

    def test_a_library_that_does_not_build_is_one_failure(self):
        self.assertEqual(self.count(configured("//a"), self.result("//a", "PASSED", PASSED), completed("//b", False)),
                         (1, 1))

    def test_a_target_that_is_not_analysed_is_one_failure(self):
        aborted = {"id": {"configuredLabel": {"label": "//c"}}, "aborted": {"reason": "ANALYSIS_FAILURE"}}
        self.assertEqual(self.count(aborted, completed("//c", False)), (0, 1))
        self.assertEqual(self.count(aborted), (0, 1))

    def test_a_failed_test_is_not_counted_again_as_a_target(self):
        self.assertEqual(self.count(configured("//a"), self.result("//a", "FAILED", FAILED), completed("//a", False)),
                         (0, 1))

    def test_only_the_last_attempt_counts(self):
        self.assertEqual(self.count(configured("//a"), self.result("//a", "FAILED", FAILED, 1),
                                    self.result("//a", "PASSED", PASSED, 2)), (1, 0))


if __name__ == "__main__":
    python_cases.main(CountCasesTest)
