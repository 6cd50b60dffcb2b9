#!/usr/bin/python3
"""docs/clouds.md shows what flydctl prints, to the byte, and names every finding of `flydctl trust check`."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.guide.console_blocks import blocks  # noqa: E402

PAGE = pathlib.Path("docs/clouds.md").read_text(encoding="utf-8")


class CloudsPageTest(unittest.TestCase):

    def test_each_block_is_what_its_command_prints(self):
        found = blocks(PAGE)
        self.assertGreaterEqual(len(found), 4)
        for line, arguments, printed in found:
            with self.subTest(line):
                done = subprocess.run(["tools/flydctl/flydctl", *arguments], capture_output=True, text=True, timeout=30)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(done.stdout, printed)

    def test_each_cloud_is_shown(self):
        self.assertEqual({arguments[arguments.index("trust") + 1] for _, arguments, _ in blocks(PAGE)}, {"aws", "gcp", "azure", "vault"})


    def test_each_finding_has_its_row(self):
        sources = "".join(path.read_text() for path in sorted(pathlib.Path("tools/trust").glob("*.cc")))
        codes = set(re.findall(r'"((?:[a-z]+-)+[a-z]+)"', sources))
        self.assertGreater(len(codes), 20)
        rows = set(re.findall(r"`([a-z-]+)`", "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))))
        self.assertEqual(codes, rows)


class ConsoleBlocksTest(unittest.TestCase):

    def test_a_block_is_its_command_and_what_stands_below(self):
        page = "text\n```console\n$ flydctl trust aws 'a b'\none\n\ntwo\n```\n```\n$ flydctl not this\n```\n"
        self.assertEqual(blocks(page), [("flydctl trust aws 'a b'", ["trust", "aws", "a b"], "one\n\ntwo\n")])


if __name__ == "__main__":
    python_cases.main(CloudsPageTest, ConsoleBlocksTest)
