#!/usr/bin/python3
"""Leases as people take them by flydctl: while one stands, who has its nonce changes the machine, and nobody else."""
import json
import os
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, wait_until  # noqa: E402

REFUSED = 4


class LeaseTest(FleetCase):

    def acquire(self, machine, *options):
        return self.ctl("machine", "lease", "acquire", machine, *options).strip()

    def boot_id(self, machine):
        return self.machine(machine)["boot"]["boot_id"]

    def await_state(self, machine, state):
        self.ctl("machine", "wait", machine, "--state", state, "-t", "20")

    def changes(self, machine):
        """Every command that changes a started machine, in an order in which each can follow the one before."""
        yield ("metadata", machine, "--set", "role=db"), "started"
        yield ("signal", machine, "SIGCONT"), "started"
        yield ("suspend", machine), "suspended"
        yield ("resume", machine), "started"
        yield ("restart", machine), "started"
        yield ("stop", machine), "stopped"
        yield ("start", machine), "started"
        yield ("update", machine, "host"), "started"
        yield ("destroy", machine, "--force"), "destroyed"

    def split(self, change, *options):
        """The options stand before the -- of `update`."""
        command = ("--", "sleep", "300") if change[0] == "update" else ()
        return ("machine", *change, *options, *command)

    def test_every_change_needs_the_nonce_while_the_lease_stands(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        nonce = self.acquire(machine, "--ttl", "600", "--owner", "deployer")
        self.assertRegex(nonce, r"^[0-9a-f]{12}$")
        for change, state in self.changes(machine):
            with self.subTest(change=change[0]):
                refused = self.run_ctl(*self.split(change))
                self.assertEqual(refused.returncode, REFUSED, refused.stdout)
                self.assertIn(f"flydctl: machine {machine} lease: held by deployer until ", refused.stderr)
                before = self.boot_id(machine)
                self.ctl(*self.split(change, "--lease", nonce))
                if change[0] in ("restart", "update"):
                    wait_until(lambda: self.boot_id(machine) != before, "another boot")
                self.await_state(machine, state)

    def test_a_start_that_does_not_succeed_is_cancelled_by_who_has_the_nonce(self):
        machine = self.ctl("machine", "run", "host", "-a", "acme-rs256/web", "--detach", "--restart", "always", "--",
                           "false").strip()
        nonce = self.acquire(machine, "--ttl", "600")

        def cancel(*options):
            """Of the operation that it finds, which can be another by then."""
            operation = (self.machine(machine).get("operation") or {}).get("id", "none")
            return self.run_ctl("machine", "cancel", machine, operation, *options)

        wait_until(lambda: "lease: held by " in cancel().stderr, "a refusal for the lease")
        wait_until(lambda: cancel("--lease", nonce).returncode == 0, "a cancelled start")
        self.await_state(machine, "stopped")

    def test_a_lease_is_prolonged_by_its_nonce_and_shown_to_all_without_it(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        nonce = self.acquire(machine)
        first = int(self.machine(machine)["lease"]["expires_unix_ms"])
        self.assertEqual(self.run_ctl("machine", "lease", "acquire", machine).returncode, REFUSED)
        again = json.loads(self.ctl("-o", "json", "machine", "lease", "acquire", machine, "--nonce", nonce, "--ttl", "3600",
                                    "--owner", "ann", "--description", "backup"))
        self.assertEqual((again["nonce"], again["owner"]), (nonce, "ann"))
        self.assertGreater(int(again["expires_unix_ms"]), first)
        self.assertEqual(self.machine(machine)["lease"], {**again, "nonce": ""})

    def test_a_released_lease_holds_nobody_back(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        nonce = self.acquire(machine, "--ttl", "600")
        self.assertEqual(self.run_ctl("machine", "lease", "release", machine, "0" * 12).returncode, REFUSED)
        self.assertEqual(self.ctl("machine", "lease", "release", machine, nonce), "")
        self.ctl("machine", "stop", machine)

    def test_a_life_out_of_bounds_is_a_mistake_in_use(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        refused = self.run_ctl("machine", "lease", "acquire", machine, "--ttl", "3601")
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("ttl_seconds: 3601, want", refused.stderr)


if __name__ == "__main__":
    python_cases.main(LeaseTest)
