#!/usr/bin/python3
"""flyd's disk is full: new orders are refused clearly, machines and their tokens go on, and with room all goes on by itself."""
import os
import subprocess
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, decode, wait_until  # noqa: E402

DISK_MIB = 160
UNAVAILABLE = 5


class FullDiskTest(FleetCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What flyd keeps is put on a disk of its own.
        cls.kill(cls, "flyd")
        cls.data = cls.folder / "flyd" / "data"
        cls.addClassCleanup(subprocess.run, ["umount", "-l", str(cls.data)], check=False)
        kept = cls.folder / "kept"
        cls.data.rename(kept)
        cls.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "none", str(cls.data)], check=True)
        subprocess.run(["cp", "-a", f"{kept}/.", str(cls.data)], check=True)
        cls.fleet.up_one("flyd")

    def setUp(self):
        self.filler = self.data / "filler"
        self.addCleanup(self.make_room)

    def fill(self, leave_mib):
        """Until so much is free."""
        with open(self.filler, "ab") as file:
            while (free := os.statvfs(self.data)).f_bavail * free.f_frsize > leave_mib << 20:
                try:
                    file.write(bytes(min(1 << 20, (free.f_bavail * free.f_frsize) - (leave_mib << 20))))
                    file.flush()
                except OSError:
                    break

    def make_room(self):
        self.filler.unlink(missing_ok=True)
        self.fleet.up_one("flyd")  # where it died, as a service manager would

    def test_little_room_refuses_what_is_new_and_nothing_else(self):
        machine = self.start_machine("acme-es256", "sleep", "1000")
        self.fill(32)
        refused = self.run_machine("acme-es256", "true")
        self.assertEqual(refused.returncode, UNAVAILABLE, refused.stderr)
        self.assertIn("disk of the machine store: 32 MiB free, want at least 64", refused.stderr)
        change = self.run_ctl("machine", "metadata", machine, "--set", "k=v")
        self.assertEqual(change.returncode, UNAVAILABLE, change.stderr)
        self.assertEqual(dict(decode(self.ask_in(machine))[1])["machine_id"], machine)
        self.ctl("machine", "stop", machine, "-t", "1")  # what ends something is never refused
        self.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
        self.make_room()
        self.assertEqual(self.run_machine("acme-es256", "true").returncode, 0)

    def test_no_room_at_all_ends_no_machine_and_no_identity(self):
        machine = self.start_machine("acme-es256", "sh", "-c", "trap 'exit 9' INT; sleep 1000 & wait")
        boot = self.machine(machine)["boot"]
        self.fill(0)
        for _ in range(20):
            self.assertEqual(dict(decode(self.ask_in(machine))[1])["machine_id"], machine)
        # An order that cannot be written down is not acknowledged.
        stopped = self.run_ctl("machine", "stop", machine, "-t", "5")
        if stopped.returncode != 0:
            self.assertTrue(os.path.exists(f"/proc/{boot['init_pid']}"), "the machine ended")
        self.make_room()
        wait_until(lambda: self.run_ctl("machine", "status", machine).returncode == 0, "flyd with room")
        now = self.machine(machine)
        if stopped.returncode != 0:
            self.assertEqual((now["state"], now["boot"]["boot_id"]), ("STARTED", boot["boot_id"]))
            self.assertEqual(dict(decode(self.ask_in(machine))[1])["machine_id"], machine)
            self.ctl("machine", "stop", machine, "-t", "5")
        self.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
        self.assertEqual(self.machine(machine)["boot"]["exit"]["exit_code"], 9)


if __name__ == "__main__":
    if "FLYD_OWN_MOUNTS" not in os.environ:
        os.environ["FLYD_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "/usr/bin/python3", *sys.argv])
    python_cases.main(FullDiskTest)
