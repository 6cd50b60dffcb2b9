#!/usr/bin/python3
"""flyd under systemd by the unit that is shipped: restarted, killed, replaced by other binaries and back, with machines that
run on, sockets that refuse nobody and tokens that stay fresh.

The earlier binaries are the same ones at another path, or those of an earlier build:
  FLYD_EARLIER_BIN=FOLDER   with its `flyd` and `init`
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, wait_until  # noqa: E402

EARLIER = os.environ.get("FLYD_EARLIER_BIN")
UNITS = pathlib.Path("tools/systemd")
# The workload asks without an end, as often as a machine may, and writes down what it was told; each question waits as
# long as it must.
ASKING = ("while sleep 0.1; do curl -s -o /tmp/token -w '%{http_code}\\n' --unix-socket /.fly/api -X POST "
          "http://localhost/v1/tokens/oidc >> /tmp/answers || echo refused >> /tmp/answers; "
          "[ -s /.fly/oidc_token ] || echo 'no file' >> /tmp/answers; done")


class UpgradeTest(FleetCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.units = cls.folder / "units"
        cls.units.mkdir()
        cls.install(cls.folder / "bin")
        cls.kill(cls, "flyd")  # from here on it is systemd's
        cls.systemd = subprocess.Popen(["/lib/systemd/systemd", "--user", "--unit=flyd.service"], stdin=subprocess.DEVNULL,
                                       env={**os.environ, "SYSTEMD_UNIT_PATH": f"{cls.units}:", "SYSTEMD_LOG_TARGET": "null"})
        cls.addClassCleanup(cls.end_systemd)
        wait_until(lambda: cls.shown("ActiveState") == "active", "flyd under systemd")

    @classmethod
    def end_systemd(cls):
        cls.fleet.state["processes"]["flyd"] = None
        cls.fleet._destroy_machines()
        cls.systemd.terminate()
        cls.systemd.wait(30)

    @classmethod
    def install(cls, binaries):
        """The shipped unit, with the fleet's own paths in the place of the host's."""
        unit = (UNITS / "flyd.service").read_text()
        unit = unit.replace("/usr/lib/flyd/", f"{binaries}/")
        unit = unit.replace("/etc/flyd/flyd.textproto", str(cls.folder / "flyd" / "config.textproto"))
        (cls.units / "flyd.service").write_text(unit)

    @classmethod
    def systemctl(cls, *arguments):
        done = subprocess.run(["systemctl", "--user", *arguments], text=True, capture_output=True, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else f"{done.returncode}: {done.stderr}"

    @classmethod
    def shown(cls, name):
        return cls.systemctl("show", "--value", "-p", name, "flyd.service")

    def restarted(self, how):
        """flyd has another pid and is ready again; `how` is what was done to it."""
        before = self.shown("MainPID")
        how()
        wait_until(lambda: self.shown("MainPID") not in ("0", before) and self.shown("ActiveState") == "active",
                   "the next flyd")

    def replace_by(self, binaries):
        config = self.folder / "flyd" / "config.textproto"
        config.write_text(config.read_text().replace(str(self.binaries), str(binaries)))
        self.binaries = binaries
        self.install(binaries)
        self.assertEqual(self.systemctl("daemon-reload"), "")
        self.restarted(lambda: self.assertEqual(self.systemctl("restart", "flyd.service"), ""))

    def answers(self, machine):
        return self.ctl("machine", "exec", machine, "--", "cat", "/tmp/answers").split("\n")[:-1]

    def test_machines_outlive_every_flyd_and_nobody_is_refused(self):
        self.binaries = self.folder / "bin"
        earlier = self.folder / "earlier"
        shutil.copytree(self.binaries, earlier)
        if EARLIER:
            for program in ("flyd", "init"):
                (earlier / program).unlink()
                shutil.copy(pathlib.Path(EARLIER) / program, earlier / program)
            config = self.folder / "flyd" / "config.textproto"
            config.write_text(re.sub(r"control_group: \S+", "", config.read_text()))  # which it may not know
        self.replace_by(earlier)
        machine = self.start_machine("acme-es256", "sh", "-c", ASKING, options=["-e", "AWS_ROLE_ARN=arn:aws:iam::1:role/r"])
        boot = self.machine(machine)["boot"]
        socket = pathlib.Path(self.fleet.state["run_dir"]) / "m" / machine / "guest" / "api.sock"
        inode = socket.stat().st_ino
        self.assertEqual(self.shown("NFileDescriptorStore"), "1")
        for name, how in [
                ("restart", lambda: self.restarted(lambda: self.systemctl("restart", "flyd.service"))),
                ("kill -9", lambda: self.restarted(lambda: os.kill(int(self.shown("MainPID")), signal.SIGKILL))),
                ("upgrade", lambda: self.replace_by(self.folder / "bin")),
                ("downgrade", lambda: self.replace_by(earlier)),
                ("upgrade once more", lambda: self.replace_by(self.folder / "bin"))]:
            with self.subTest(name):
                how()
                now = self.machine(machine)
                self.assertEqual((now["state"], now["boot"]), ("STARTED", boot))
                self.assertEqual(socket.stat().st_ino, inode, "the socket was made anew")
                seen = len(self.answers(machine))
                wait_until(lambda: len(self.answers(machine)) > seen + 2, "further answers")
        self.assertEqual(set(self.answers(machine)), {"200"})
        self.ctl("machine", "stop", machine, "-t", "1")
        self.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
        self.assertEqual(self.shown("NFileDescriptorStore"), "0")

    def test_what_is_kept_for_a_machine_that_is_gone_is_given_back(self):
        machine = self.start_machine("acme-es256", "sleep", "1000")
        runner = int(self.machine(machine)["boot"]["runner_pid"])
        self.assertEqual(self.shown("NFileDescriptorStore"), "1")

        def while_away():
            flyd = int(self.shown("MainPID"))
            os.kill(flyd, signal.SIGSTOP)  # it sees nothing of what follows
            os.kill(runner, signal.SIGKILL)
            os.kill(flyd, signal.SIGKILL)
        self.restarted(while_away)
        self.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
        self.assertEqual(self.shown("NFileDescriptorStore"), "0")

    def test_systemd_finds_nothing_to_say_of_the_units(self):
        for unit in sorted(UNITS.glob("*.service")):
            copy = self.folder / "verify" / unit.name
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(unit.read_text().replace("/usr/lib/flyd/", f"{self.folder}/bin/"))
            said = subprocess.run(["systemd-analyze", "verify", str(copy)], text=True, capture_output=True, timeout=60)
            self.assertEqual((said.returncode, said.stderr), (0, ""), unit.name)


if __name__ == "__main__":
    if "FLYD_OWN_RUN" not in os.environ:
        # systemd wants to have booted the machine: in a mount namespace of our own it finds that it has.
        own = ("mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/user && "
               "XDG_RUNTIME_DIR=/run/user FLYD_OWN_RUN=1 exec /usr/bin/python3 \"$0\"")
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", own, sys.argv[0]])
    python_cases.main(UpgradeTest)
