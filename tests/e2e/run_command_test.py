#!/usr/bin/python3
"""flydctl machine run and update: what is refused takes no name, and what is not said stays as it was."""
import os
import subprocess
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, wait_until  # noqa: E402


class RunCommandTest(FleetCase):

    def test_a_name_is_still_free_after_a_refusal(self):
        ways = [("out of range", ["--pids", "3"], ""), ("of a cordoned worker", [], "cordon")]
        if not self.worker()["limits"]:
            ways.append(("of a limit that the worker has not", ["--memory-mb", "64"], ""))
        for number, (what, options, before) in enumerate(ways):
            with self.subTest(what):
                if before:
                    self.ctl("worker", before, "--reason", "maintenance")
                refused = self.run_machine("acme-es256", "true", options=["--name", f"free-{number}", *options])
                self.assertNotEqual(refused.returncode, 0)
                if before:
                    self.assertIn("cordoned, maintenance", refused.stderr)
                    self.ctl("worker", "uncordon")
                again = self.run_machine("acme-es256", "true", options=["--name", f"free-{number}"])
                self.assertEqual(again.returncode, 0, again.stderr)

    def test_a_name_is_still_free_after_flyd_was_away(self):
        self.kill("flyd")
        self.assertNotEqual(self.run_machine("acme-es256", "true", options=["--name", "patient"]).returncode, 0)
        self.fleet.up_one("flyd")
        again = self.run_machine("acme-es256", "true", options=["--name", "patient"])
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_an_update_changes_what_it_says_and_nothing_else(self):
        machine = self.start_machine("acme-es256", "sleep", "1000",
                                     options=["-e", "A=1", "-e", "B=1", "--user", "nobody", "--restart", "always"])
        before = self.machine(machine)["config"]
        self.ctl("machine", "update", machine, "host", "-e", "B=2", "--restart", "no")
        after = self.machine(machine)["config"]
        self.assertEqual(after["env"], {"A": "1", "B": "2"})
        self.assertEqual(after["restart"]["policy"], "NO")
        for kept in ("command", "user"):
            self.assertEqual(after[kept], before[kept])

    def test_a_run_that_is_attached_ends_as_its_own_boot_did(self):
        environment = {**os.environ, "FLYDCTL_CONFIG": str(self.folder / "flydctl.json")}
        attached = subprocess.Popen([str(self.folder / "bin" / "flydctl"), "machine", "run", "host", "-a", "acme-es256/web",
                                     "--name", "attached", "--", "sleep", "1000"], env=environment)
        listed = []

        def is_started():
            listed[:] = [m for m in self.machines() if m["name"] == "attached" and m["state"] == "STARTED"]
            return listed
        wait_until(is_started, "the machine")
        self.ctl("machine", "restart", listed[0]["id"], "-s", "SIGKILL")
        self.assertEqual(attached.wait(30), 137)
        self.ctl("machine", "wait", listed[0]["id"], "--state", "started", "-t", "20")

    def test_an_exec_is_given_input_where_it_is_asked_for(self):
        machine = self.start_machine("acme-es256", "sleep", "1000")
        self.assertEqual(self.ctl("machine", "exec", machine, "-i", "--", "cat", input="hello"), "hello")
        self.assertEqual(self.ctl("machine", "exec", machine, "--", "cat", input="hello"), "")
        large = self.run_ctl("machine", "exec", machine, "-i", "--", "cat", input="x" * ((1 << 20) + 1))
        self.assertEqual(large.returncode, 2, large.stderr)

    def test_a_watch_of_no_machine_says_so(self):
        watched = self.run_ctl("machine", "watch", "148e21ea7e46e8")
        self.assertEqual(watched.returncode, 3)
        self.assertIn("148e21ea7e46e8", watched.stderr)


if __name__ == "__main__":
    python_cases.main(RunCommandTest)
