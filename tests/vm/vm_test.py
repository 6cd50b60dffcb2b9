#!/usr/bin/python3
"""Machines and init on a kernel of their own, where cgroup v2 has every controller and vsock a loopback."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402


class VmTest(unittest.TestCase):
    def run_there(self, program, options=(), environment=None):
        ran = subprocess.run(["tests/vm/run_in_vm.py", *options, "--seconds", "400", program, "--gtest_color=no"],
                             env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True)
        print(ran.stdout)
        self.assertEqual(ran.returncode, 0)
        self.assertRegex(ran.stdout, r"\[  PASSED  \] [1-9]")
        self.assertNotIn("SKIPPED", ran.stdout)

    def test_machines_are_held_to_their_limits(self):
        self.run_there("tests/vm/limits_test")

    def test_init_is_the_first_process_of_a_container_and_of_a_virtual_machine(self):
        self.run_there("tests/vm/guest_test")

    def test_the_unit_that_is_shipped_keeps_a_place_for_them_under_systemd(self):
        self.run_there("tests/vm/limits_test", ["--unit", "tools/systemd/flyd-machines.service"],
                       {"CONTROL_GROUP": "/sys/fs/cgroup/system.slice/flyd-machines.service/boots"})

    def test_machines_have_groups_of_their_own(self):
        self.run_there("tests/init/group_test")


if __name__ == "__main__":
    python_cases.main(VmTest)
