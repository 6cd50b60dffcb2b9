#!/usr/bin/python3
"""flyd dies, or is refused by the kernel, at each of its writes in turn, while a machine lives a whole scripted life.

For each kind of call and each N, flyd runs under strace, which kills it at the N-th such call of a thread, or lets that
call fail with ENOSPC or EIO. The client repeats what was not acknowledged; flyd is started again, without strace. At the
end of the life every order was done once, and nothing is left.

By default a sample of the points is tried. All of them, and how many there are:
  FLYD_CRASH_POINTS=all bazel test //tests/crash:crash_points --test_output=streamed --test_timeout=7200
"""
import collections
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, wait_until  # noqa: E402
from devfleet import processes  # noqa: E402
from devfleet.errors import FleetError  # noqa: E402

ALL = os.environ.get("FLYD_CRASH_POINTS") == "all"
SAMPLE = [1, 2, 4, 8, 16]  # of the points of each kind
REFUSED, UNAVAILABLE = 4, 5
SYNCS, WRITES, RENAMES = "fdatasync,fsync", "write,pwrite64,writev", "rename,renameat,renameat2"
SPAWNS = "clone,clone3,vfork"


class CrashPoints(FleetCase):

    def start_injected(self, calls, what, number):
        """flyd under strace, which lets go of what flyd starts. False: it died before it was ready."""
        self.kill_flyd()
        self.trace = self.folder / "trace"
        self.trace.unlink(missing_ok=True)
        folder = self.folder / "flyd"
        ready = folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = ["strace", "-f", "-qq", "-b", "execve", "-o", str(self.trace), "-e", f"trace={calls}", "-e", "signal=none",
                   "-e", f"inject={calls}:{what}:when={number}",
                   str(self.folder / "bin" / "flyd"), "--config", str(folder / "config.textproto")]
        identity, process = processes.start(command, self.folder / "log" / "flyd.log", {})
        self.fleet.state["processes"]["flyd"] = identity
        try:
            self.fleet._wait_ready("flyd", ready, process, self.folder / "log" / "flyd.log")
        except FleetError:
            process.wait(10)

    def kill_flyd(self):
        """strace ends with what it traces."""
        identity = self.fleet.state["processes"]["flyd"]
        if processes.is_alive(identity):
            for child in pathlib.Path(f"/proc/{identity['pid']}/task/{identity['pid']}/children").read_text().split():
                os.kill(int(child), 9)
            if processes.is_alive(identity):
                os.kill(identity["pid"], 9)
            wait_until(lambda: not processes.is_alive(identity), "flyd gone")

    def done(self, *words):
        """Until it is acknowledged; its output."""
        for attempt in range(200):
            ran = self.run_ctl("machine", *words)
            if ran.returncode == 0 or (attempt > 0 and ran.returncode == REFUSED):
                return ran.stdout.strip()
            if ran.returncode != UNAVAILABLE:
                break
            self.fleet.up_one("flyd")  # where it died
            time.sleep(0.02)
        raise AssertionError(f"{self.point}: {' '.join(words)}: exit {ran.returncode}: {ran.stderr}{self.last_words()}")

    def await_state(self, machine, state):
        def there():
            listed = self.run_ctl("-o", "json", "machine", "status", machine)
            if listed.returncode == UNAVAILABLE:
                self.fleet.up_one("flyd")
            return listed.returncode == 0 and json.loads(listed.stdout)["state"] == state
        wait_until(there, f"{self.point}: {machine} {state}", 30)

    def live(self):
        """A whole life."""
        before = set(self.listed())
        machine = self.done("run", "host", "-a", "acme-es256/web", "--detach", "--", "sh", "-c", "trap 'exit 3' INT; sleep 99 & wait")
        self.await_state(machine, "STARTED")
        self.done("update", machine, "host", "--", "sh", "-c", "trap 'exit 4' INT; sleep 99 & wait")
        self.await_state(machine, "STARTED")
        self.done("suspend", machine)
        self.await_state(machine, "SUSPENDED")
        self.done("resume", machine)
        self.await_state(machine, "STARTED")
        self.done("stop", machine, "-t", "5")
        self.await_state(machine, "STOPPED")
        self.assertIn(self.machine(machine)["boot"]["exit"].get("exit_code", 0), (4, 137), self.point)
        self.done("start", machine)
        self.await_state(machine, "STARTED")
        self.done("destroy", machine, "--force")
        self.await_state(machine, "DESTROYED")
        # One that was created without an acknowledgement is there too, whole.
        for other in set(self.listed()) - before - {machine}:
            self.done("destroy", other, "--force")
            self.await_state(other, "DESTROYED")
        self.look_at_events(machine)
        self.checked["lives"] += 1

    def listed(self):
        return [json.loads(line)["id"] for line in self.done_list().splitlines()]

    def done_list(self):
        ran = self.run_ctl("-o", "json", "machine", "list")
        if ran.returncode == UNAVAILABLE:
            self.fleet.up_one("flyd")
            ran = self.run_ctl("-o", "json", "machine", "list")
        return ran.stdout

    def look_at_events(self, machine):
        lines = self.run_ctl("-o", "json", "machine", "events", machine).stdout.splitlines()
        events = [json.loads(line) for line in lines]
        self.assertEqual([int(event["sequence"]) for event in events], list(range(1, len(events) + 1)), self.point)
        kinds = collections.Counter(event["type"] for event in events)
        self.assertEqual(kinds["start"], sum("exit" in event for event in events), f"{self.point}: {kinds}")
        for once in ("launch", "update", "suspend", "resume", "stop", "destroy", "destroyed"):
            self.assertEqual(kinds[once], 1, f"{self.point}: {once}: {kinds}")
        left = pathlib.Path(self.fleet.state["run_dir"]) / "m" / machine / "b"
        self.assertFalse(left.is_dir() and any(left.iterdir()), f"{self.point}: boots left behind")
        self.checked["events"] += len(events)

    def walk(self, calls, what):
        self.checked = collections.Counter()
        number = 0
        while True:
            number += 1
            if not ALL and number not in SAMPLE:
                if number > SAMPLE[-1]:
                    break
                continue
            self.point = f"{what} at {calls} number {number}"
            self.start_injected(calls, what, number)
            hit = not processes.is_alive(self.fleet.state["processes"]["flyd"])
            self.live()
            hit = hit or not processes.is_alive(self.fleet.state["processes"]["flyd"]) or "INJECTED" in self.trace.read_text()
            hit = hit or "killed" in self.trace.read_text()
            self.checked["points"] += hit
            if not hit:
                break
        self.kill_flyd()
        self.fleet.up_one("flyd")
        print(f"{what} at {calls}: {dict(self.checked)}", flush=True)
        self.assertGreater(self.checked["points"], 0, "no point was hit")

    def test_killed_at_each_sync(self):
        self.walk(SYNCS, "signal=SIGKILL")

    def test_killed_at_each_write(self):
        self.walk(WRITES, "signal=SIGKILL")

    def test_killed_at_each_rename(self):
        self.walk(RENAMES, "signal=SIGKILL")

    def test_killed_at_each_process_that_it_starts(self):
        self.walk(SPAWNS, "signal=SIGKILL")

    def test_no_space_at_each_write(self):
        self.walk(WRITES, "error=ENOSPC")

    def test_an_error_at_each_sync(self):
        self.walk(SYNCS, "error=EIO")

    def test_an_error_at_each_rename(self):
        self.walk(RENAMES, "error=EIO")


if __name__ == "__main__":
    python_cases.main(CrashPoints)
