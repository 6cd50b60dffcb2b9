#!/usr/bin/python3
"""A worker that runs no machine itself: a supervisor of somebody else's does, and flyd gives the machine its identity."""
import json
import os
import pathlib
import signal
import subprocess
import sys

os.environ["FLYD_RUNTIME"] = "external"
sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, decode, wait_until  # noqa: E402

REFUSED = 4


class AttachTest(FleetCase):

    def supervise(self, *command):
        """(machine id, its token file): run by tools/attach/supervise."""
        machine = self.ctl("machine", "run", "host", "-a", "acme-es256/web", "--detach", "--", *command).strip()
        token = self.folder / f"token-{machine}"
        environment = {**os.environ, "FLYDCTL_CONFIG": str(self.folder / "flydctl.json"),
                       "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        process = subprocess.Popen(["tools/attach/supervise", machine, self.fleet.state["run_dir"], str(token)],
                                   env=environment, start_new_session=True)
        self.addCleanup(process.wait)
        self.addCleanup(os.killpg, process.pid, signal.SIGKILL)
        return machine, token

    def unsupervised(self):
        """Id of a machine that nobody runs: the test reports of it."""
        machine = self.ctl("machine", "run", "host", "-a", "acme-es256/web", "--detach", "--", "true").strip()
        self.addCleanup(lambda: self.ctl("machine", "report", machine, self.machine(machine)["boot"]["boot_id"], "exited"))
        return machine

    def await_state(self, machine, state):
        self.ctl("machine", "wait", machine, "--state", state, "-t", "30")
        return self.machine(machine)

    def test_a_script_runs_the_machine_and_flyd_gives_it_its_identity(self):
        machine, token = self.supervise("sh", "-c", "trap 'exit 7' TERM; touch \"$TOKEN_FILE.set\"; sleep 1000 & wait")
        started = self.await_state(machine, "started")
        wait_until(pathlib.Path(f"{token}.set").exists, "the program's trap")
        claims = dict(decode(token.read_text())[1])
        self.assertEqual((claims["machine_id"], claims["machine_version"]), (machine, started["version"]))
        self.ctl("machine", "stop", machine)
        self.assertEqual(self.await_state(machine, "stopped")["boot"]["exit"]["exit_code"], 7)
        self.ctl("machine", "start", machine)
        again = self.await_state(machine, "started")
        self.assertNotEqual(again["boot"]["boot_id"], started["boot"]["boot_id"])
        self.ctl("machine", "destroy", machine, "--force")
        self.await_state(machine, "destroyed")

    def test_it_goes_on_while_flyd_is_killed_and_an_end_meanwhile_is_told(self):
        machine, _ = self.supervise("sh", "-c", "while [ ! -e \"$TOKEN_FILE.end\" ]; do sleep 0.05; done; exit 5")
        boot = self.await_state(machine, "started")["boot"]
        self.kill("flyd")
        self.fleet.up_one("flyd")
        self.assertEqual(self.await_state(machine, "started")["boot"]["boot_id"], boot["boot_id"])
        pathlib.Path(f"{self.folder}/token-{machine}.end").touch()
        self.assertEqual(self.await_state(machine, "stopped")["boot"]["exit"]["exit_code"], 5)

    def test_reports_are_of_the_machines_present_boot_and_count_once(self):
        machine = self.unsupervised()
        boot = self.machine(machine)["boot"]["boot_id"]
        other = self.run_ctl("machine", "report", machine, "0" * 32, "started")
        self.assertEqual(other.returncode, REFUSED)
        self.assertIn(f"boot {boot}, want the reported 000", other.stderr)
        for _ in range(2):
            self.ctl("machine", "report", machine, boot, "started")
        self.await_state(machine, "started")
        self.ctl("machine", "report", machine, boot, "exited", "--exit-code", "3", "--oom-killed")
        self.ctl("machine", "report", machine, boot, "exited", "--exit-code", "9")
        stopped = self.await_state(machine, "stopped")
        self.assertEqual((stopped["boot"]["exit"]["exit_code"], stopped["boot"]["exit"]["oom_killed"]), (3, True))
        types = [json.loads(line)["type"] for line in self.ctl("-o", "json", "machine", "events", machine).splitlines()]
        self.assertEqual([types.count("started"), types.count("exit")], [1, 1])

    def test_what_only_the_supervisor_can_do_is_refused(self):
        machine = self.unsupervised()
        self.ctl("machine", "report", machine, self.machine(machine)["boot"]["boot_id"], "started")
        self.await_state(machine, "started")
        done = self.run_ctl("machine", "exec", machine, "--", "true")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("the machine is run by a supervisor of its own", done.stderr)

    def test_a_virtual_machine_monitor_finds_the_socket_under_the_name_that_it_makes_of_its_own(self):
        """A guest's connection to port 1024 of its host arrives at v.sock_1024 of Firecracker and of vhost-device-vsock."""
        machine = self.unsupervised()
        guest = pathlib.Path(self.fleet.state["run_dir"]) / "m" / machine / "guest"
        wait_until((guest / "api.sock").exists, "the machine's socket")
        (guest / "v.sock_1024").symlink_to("api.sock")
        boot = subprocess.run(["curl", "-s", "--unix-socket", str(guest / "v.sock_1024"), "-X", "POST", "http://localhost/boot"],
                              capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(boot.stdout)["machine"]["id"], machine)


if __name__ == "__main__":
    python_cases.main(AttachTest)
