"""Cases of a Python test, each counted. Bazel has no py_test here: an sh_test whose source is the Python program.

    from tests import python_cases
    if __name__ == "__main__":
        python_cases.main(MyTestCase, ...)
"""

import os
import sys
import unittest
from xml.sax.saxutils import quoteattr


class _Result(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.rows = {}

    def addSuccess(self, test):
        super().addSuccess(test)
        self.rows.setdefault(test.id(), "")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.rows[test.id()] = "<failure message=%s/>" % quoteattr(str(err[1])[:500])

    def addError(self, test, err):
        super().addError(test, err)
        self.rows[test.id()] = "<failure message=%s/>" % quoteattr(repr(err[1])[:500])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.rows[test.id()] = "<failure message=%s/>" % quoteattr(f"{subtest}: {err[1]}"[:500])


def main(*classes):
    """Runs every case of `classes`, writes $XML_OUTPUT_FILE if set, and exits."""
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in classes)
    result = unittest.TextTestRunner(verbosity=2, resultclass=_Result).run(suite)
    path = os.environ.get("XML_OUTPUT_FILE")
    if path:
        cases = "".join(f"<testcase classname='python' name={quoteattr(name)}>{row}</testcase>"
                        for name, row in result.rows.items())
        with open(path, "w", encoding="utf-8") as report:
            report.write(f"<testsuites><testsuite name='python'>{cases}</testsuite></testsuites>\n")
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
