#!/usr/bin/python3
"""Who waits for whom: what ends a machine waits for nobody else's slowness, and nothing goes on for a caller that is gone."""
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, wait_until  # noqa: E402

DIGEST = "sha256:" + "0" * 64
PULLS = 36  # more than there are threads, also of what begins machines


class PatienceTest(FleetCase):

    def await_state(self, machine, state, seconds=10):
        self.ctl("machine", "wait", machine, "--state", state, "-t", str(seconds))

    def test_a_stop_waits_for_nobodys_image(self):
        victim = self.start_machine("acme-es256", "sleep", "1000")
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)  # the pulls end with it
        image = f"127.0.0.1:{silent.getsockname()[1]}/a/image:latest"
        pulling = [self.ctl("machine", "run", image, "--image-digest", DIGEST, "-a", "acme-es256/web", "--detach").strip()
                   for _ in range(PULLS)]
        silent.listen(PULLS)
        self.ctl("machine", "stop", victim, "-t", "1")
        self.await_state(victim, "stopped", 5)
        self.assertEqual({self.machine(machine)["state"] for machine in pulling}, {"STARTING"})
        # The last one's own turn has not come.
        self.ctl("machine", "destroy", pulling[-1], "--force")
        self.await_state(pulling[-1], "destroyed", 5)

    def test_an_exec_ends_with_its_caller(self):
        machine = self.start_machine("acme-es256", "sleep", "1000")
        environment = {**os.environ, "FLYDCTL_CONFIG": str(self.folder / "flydctl.json")}
        caller = subprocess.Popen([str(self.folder / "bin" / "flydctl"), "machine", "exec", machine, "-t", "300", "--", "sleep", "111"],
                                  env=environment)
        init = self.machine(machine)["boot"]["init_pid"]

        def runs_inside():
            children = pathlib.Path(f"/proc/{init}/task/{init}/children").read_text().split()
            return any(b"111" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes() for child in children)
        wait_until(runs_inside, "the program")
        caller.kill()
        caller.wait()
        wait_until(lambda: not runs_inside(), "the program's end")
        self.assertEqual(self.ctl("machine", "exec", machine, "--", "echo", "still here"), "still here\n")

    def test_a_stop_can_be_made_sooner(self):
        for sooner in (["-t", "1"], ["-s", "SIGKILL"]):
            with self.subTest(sooner):
                machine = self.start_machine("acme-es256", "sh", "-c", "trap '' INT; while :; do sleep 1; done")
                self.ctl("machine", "stop", machine, "-t", "300")
                self.ctl("machine", "stop", machine, "-t", "299")  # hardly: it stays as it was
                self.assertEqual(self.machine(machine)["state"], "STOPPING")
                self.ctl("machine", "stop", machine, *sooner)
                self.await_state(machine, "stopped")
                self.assertEqual(self.machine(machine)["boot"]["exit"]["signal"], signal.SIGKILL)

    def test_a_runner_that_was_out_of_descriptors_is_heard_again(self):
        machine = self.start_machine("acme-es256", "sh", "-c", "trap 'exit 3' INT; sleep 1000 & wait")
        runner = int(self.machine(machine)["boot"]["runner_pid"])
        present = len(os.listdir(f"/proc/{runner}/fd"))
        _, most = resource.prlimit(runner, resource.RLIMIT_NOFILE)
        resource.prlimit(runner, resource.RLIMIT_NOFILE, (present, most))
        refused = self.run_ctl("machine", "exec", machine, "-t", "1", "--", "true")
        self.assertNotEqual(refused.returncode, 0)
        resource.prlimit(runner, resource.RLIMIT_NOFILE, (most, most))
        self.assertEqual(self.ctl("machine", "exec", machine, "--", "echo", "heard"), "heard\n")
        self.ctl("machine", "stop", machine)
        self.await_state(machine, "stopped")
        self.assertEqual(self.machine(machine)["boot"]["exit"]["exit_code"], 3)

    def test_a_killed_runner_leaves_no_control_group(self):
        groups = pathlib.Path(self.fleet.state.get("control_group") or "/nowhere")
        machine = self.start_machine("acme-es256", "sleep", "1000")
        boot = self.machine(machine)["boot"]
        os.kill(int(boot["runner_pid"]), signal.SIGKILL)
        self.await_state(machine, "stopped")
        self.assertFalse((groups / boot["boot_id"]).exists())


if __name__ == "__main__":
    python_cases.main(PatienceTest)
