#!/usr/bin/python3
"""The life of real machines: suspended, restarted, begun again by policy, drained; seen by who watches."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, decode, wait_until  # noqa: E402

TICKING = "i=0; while :; do i=$((i+1)); echo $i > /tmp/ticks; sleep 0.02; done"


class LifeTest(FleetCase):

    def inside(self, machine, path):
        """The path of a machine's file, seen from outside: a suspended machine takes no exec."""
        return f"/proc/{self.machine(machine)['boot']['init_pid']}/root{path}"

    def ticks(self, machine):
        with open(self.inside(machine, "/tmp/ticks"), encoding="ascii") as file:
            return file.read()

    def await_state(self, machine, state):
        self.ctl("machine", "wait", machine, "--state", state, "-t", "20")
        return self.machine(machine)

    def test_a_suspended_workload_stands_still_and_goes_on_with_its_memory_and_fresh_tokens(self):
        machine = self.start_machine("acme-rs256", "sh", "-c", TICKING,
                                     options=["-e", "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r"])
        wait_until(lambda: os.path.exists(self.inside(machine, "/tmp/ticks")), "a tick")
        before = self.machine(machine)["boot"]
        old = self.ctl("machine", "exec", machine, "--", "cat", "/.fly/oidc_token")
        self.ctl("machine", "suspend", machine)
        self.await_state(machine, "suspended")
        seen = {self.ticks(machine) for _ in range(20)}
        self.assertEqual(len(seen), 1, "it ticks while it is suspended")
        self.assertNotEqual(self.run_ctl("machine", "exec", machine, "--", "true").returncode, 0)
        self.ctl("machine", "resume", machine)
        after = self.await_state(machine, "started")["boot"]
        self.assertEqual((after["boot_id"], after["init_pid"]), (before["boot_id"], before["init_pid"]))
        wait_until(lambda: self.ticks(machine) not in seen, "a tick after it was resumed")
        new = self.ctl("machine", "exec", machine, "--", "cat", "/.fly/oidc_token")
        self.assertNotEqual(dict(decode(new)[1])["jti"], dict(decode(old)[1])["jti"])
        self.assertNotIn("identity_unavailable", self.ctl("machine", "events", machine))

    def test_a_restart_is_another_boot_of_the_same_machine(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        first = self.machine(machine)["boot"]["boot_id"]
        self.ctl("machine", "restart", machine)
        wait_until(lambda: self.machine(machine)["boot"]["boot_id"] != first, "another boot")
        self.assertEqual(self.await_state(machine, "started")["version"], self.machine(machine)["boot"]["version"])
        self.assertEqual(dict(decode(self.ask_in(machine))[1])["machine_id"], machine)

    def test_a_workload_that_fails_begins_again_as_often_as_the_policy_says(self):
        machine = self.ctl("machine", "run", "host", "-a", "acme-rs256/web", "--detach", "--restart", "on-failure",
                           "--restart-max", "1", "--", "sh", "-c", "exit 3").strip()
        failed = self.await_state(machine, "failed")
        self.assertEqual(failed["boot"]["exit"]["exit_code"], 3)
        events = [json.loads(line) for line in self.ctl("-o", "json", "machine", "events", machine).splitlines()]
        self.assertEqual([event["type"] for event in events].count("start"), 2)
        self.assertEqual([event["sequence"] for event in events], [str(n + 1) for n in range(len(events))])

    def test_a_machine_that_destroys_itself_leaves_nothing_on_the_host(self):
        machine = self.ctl("machine", "run", "host", "-a", "acme-rs256/web", "--detach", "--auto-destroy", "--",
                           "true").strip()
        self.await_state(machine, "destroyed")
        folder = f"{self.fleet.state['run_dir']}/m/{machine}/b"
        self.assertFalse(os.path.isdir(folder) and os.listdir(folder))

    def test_a_signal_reaches_the_workload(self):
        machine = self.start_machine("acme-rs256", "sh", "-c", "trap 'exit 9' USR1; touch /tmp/set; while :; do sleep 0.02; done")
        wait_until(lambda: self.run_ctl("machine", "exec", machine, "--", "test", "-e", "/tmp/set").returncode == 0, "its trap")
        self.ctl("machine", "signal", machine, "SIGUSR1")
        self.assertEqual(self.await_state(machine, "stopped")["boot"]["exit"]["exit_code"], 9)

    def test_metadata_change_without_a_new_version(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        version = self.machine(machine)["version"]
        self.ctl("machine", "metadata", machine, "--set", "role=db")
        now = self.machine(machine)
        self.assertEqual((now["metadata"], now["version"]), ({"role": "db"}, version))

    def test_a_watch_sees_what_happens_in_order(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        with subprocess.Popen([str(self.folder / "bin" / "flydctl"), "-o", "json", "machine", "watch", machine], text=True,
                              stdout=subprocess.PIPE,
                              env={**os.environ, "FLYDCTL_CONFIG": str(self.folder / "flydctl.json")}) as watch:
            try:
                self.ctl("machine", "stop", machine)
                types = []
                while "exit" not in types:
                    response = json.loads(watch.stdout.readline())
                    types += [response["event"]["event"]["type"]] if "event" in response else []
            finally:
                watch.kill()
        self.assertEqual([kind for kind in types if kind in ("launch", "start", "started", "stop", "exit")],
                         ["launch", "start", "started", "stop", "exit"])

    def test_a_drained_worker_stops_its_machines_and_takes_none(self):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        self.ctl("worker", "drain", "--reason", "kernel")
        try:
            self.await_state(machine, "stopped")
            refused = self.run_machine("acme-rs256", "true")
            self.assertEqual(refused.returncode, 4, refused.stderr)
            self.assertIn("cordoned, kernel", refused.stderr)
        finally:
            self.ctl("worker", "uncordon")
        self.assertEqual(self.run_machine("acme-rs256", "true").returncode, 0)


if __name__ == "__main__":
    python_cases.main(LifeTest)
