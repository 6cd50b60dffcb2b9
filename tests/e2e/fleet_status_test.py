#!/usr/bin/python3
"""What flydctl tells of a fleet as a whole: each program by its own word, and where fleetd placed what."""
import json
import os
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase  # noqa: E402

UNAVAILABLE = 5


class FleetStatusTest(FleetCase):

    def status(self, code=0):
        """The line of each program, by kind."""
        done = self.run_ctl("-o", "json", "fleet", "status")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return {part["kind"]: part for part in map(json.loads, done.stdout.splitlines())}

    def test_every_program_tells_of_itself(self):
        before = self.status()
        self.start_machine("acme-rs256", "sleep", "300")
        self.assertEqual([(kind, part["answers"], part["name"]) for kind, part in before.items()],
                         [("fleetd", True, ""), ("signer", True, "signerd"), ("worker", True, "w1")])
        self.assertEqual(before["fleetd"]["organizations"], 2)
        after = self.status()
        for kind, fact in (("fleetd", "machines"), ("worker", "machines"), ("worker", "running")):
            self.assertEqual(after[kind][fact], before[kind][fact] + 1, (kind, fact))

    def test_a_signer_tells_how_far_in_the_fleet_log_it_is(self):
        before = self.status()["signer"]["log_number"]
        self.assertGreater(self.status()["signer"]["keys"], 0)
        self.ctl("org", "stop", "acme-es256")
        self.addCleanup(self.ctl, "org", "resume", "acme-es256")
        self.assertGreater(self.status()["signer"]["log_number"], before)

    def test_a_cordon_is_named(self):
        self.assertNotIn("cordon", self.status()["worker"])
        self.ctl("worker", "cordon", "--reason", "kernel")
        self.addCleanup(self.ctl, "worker", "uncordon")
        self.assertEqual(self.status()["worker"]["cordon"], "kernel")
        self.assertRegex(self.ctl("fleet", "status"), r"worker +w1 +127\S+ +yes +machines \d+, .*, cordon kernel\n")

    def test_the_authority_knows_where_each_machine_stands(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        placed = {m["id"]: m for m in map(json.loads, self.ctl("-o", "json", "fleet", "machines").splitlines())}
        self.assertEqual((placed[machine]["worker"], placed[machine]["generation"]), ("w1", "1"))
        self.assertRegex(self.ctl("fleet", "machines"), rf"{machine} +\S+ +acme-rs256/web +w1 ")
        self.ctl("machine", "destroy", machine, "--force")
        self.assertNotIn(machine, self.ctl("fleet", "machines"))


class SilentPartTest(FleetCase):

    def test_a_program_that_does_not_answer_is_named_and_the_others_are_still_asked(self):
        self.kill("signerd")
        done = self.run_ctl("-o", "json", "fleet", "status")
        self.assertEqual(done.returncode, UNAVAILABLE, done.stdout + done.stderr)
        parts = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(part["kind"], part["answers"]) for part in parts],
                         [("fleetd", True), ("signer", False), ("worker", True)])
        self.assertNotEqual(parts[1]["error"], "")


if __name__ == "__main__":
    python_cases.main(FleetStatusTest, SilentPartTest)
