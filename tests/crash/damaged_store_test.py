#!/usr/bin/python3
"""flyd's machine store is damaged: machines and their tokens go on as of its last checkpoint, changes are refused with the
file and the command that mends it, and that command does."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import ASK, FleetCase, decode, wait_until  # noqa: E402


def spoil(path):
    """The same length, other bytes."""
    size = path.stat().st_size
    path.write_bytes(b"\xa5" * size)
    return path.name


def spoil_manifest(store):
    return spoil(next(store.glob("MANIFEST-*")))


def spoil_tables(store):
    return sorted(spoil(table) for table in store.glob("*.sst"))[0]


def flip_a_bit_of_a_table(store):
    """In its first block: the store opens as if nothing were."""
    table = max(store.glob("*.sst"), key=lambda file: file.stat().st_size)
    with open(table, "r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    return table.name


def lose_current(store):
    (store / "CURRENT").unlink()
    return "CURRENT"


class DamagedStoreTest(FleetCase):
    def setUp(self):
        self.data = self.folder / "flyd" / "data"
        self.machine_id = self.start_machine("acme-es256", "sh", "-c", "trap 'exit 9' INT; sleep 1000 & wait")
        self.pid = self.machine(self.machine_id)["boot"]["init_pid"]
        self.addCleanup(self.restart, self.put_back)
        self.restart(lambda: None)
        wait_until(lambda: self.machine_id.encode() in self.checkpoint_bytes(), "a checkpoint with the machine")

    def checkpoint_bytes(self):
        # Between two of flyd's looks the folder may be another.
        files = list((self.data / "checkpoint").glob("*.sst"))
        return b"".join(file.read_bytes() for file in files if file.exists())

    def restart(self, between):
        self.kill("flyd")
        result = between()
        self.fleet.up_one("flyd")
        return result

    def put_back(self):
        """What a failed case leaves is no other case's."""
        if self.run_ctl("store", "verify", str(self.data / "machines")).returncode != 0:
            shutil.rmtree(self.data / "machines")
            self.ctl("store", "restore", str(self.data / "checkpoint"), str(self.data / "machines"))
        shutil.rmtree(self.data / "machines.replaced", ignore_errors=True)

    def check_goes_on_and_is_mended(self, damage):
        file = self.restart(lambda: damage(self.data / "machines"))
        # What was ordered stands, and has its identity.
        self.assertEqual(self.machine(self.machine_id)["state"], "STARTED")
        self.assertEqual(dict(decode(self.ask_in(self.machine_id))[1])["machine_id"], self.machine_id)
        command = None
        for order in (["stop"], ["restart"], ["suspend"], ["destroy", "--force"], ["signal", "SIGHUP"], ["metadata", "--set", "k=v"]):
            refused = self.run_ctl("machine", order[0], self.machine_id, *order[1:])
            self.assertNotEqual(refused.returncode, 0, order)
            self.assertIn(file, refused.stderr)
            command = re.search(r"`(flydctl store restore \S+ \S+)`", refused.stderr)
            self.assertTrue(command, refused.stderr)
        refused = self.run_machine("acme-es256", "true")
        self.assertIn("machine store: ", refused.stderr)
        self.assertIn("alarm.store_damaged", "".join(log.read_text() for log in self.fleet.logs()))
        # After what was refused too.
        self.assertEqual(dict(decode(self.ask_in(self.machine_id))[1])["machine_id"], self.machine_id)
        self.restart(lambda: self.ctl(*command.group(1).split()[1:]))
        self.assertEqual(self.machine(self.machine_id)["boot"]["init_pid"], self.pid)
        self.assertEqual(dict(decode(self.ask_in(self.machine_id))[1])["machine_id"], self.machine_id)
        self.ctl("machine", "stop", self.machine_id)
        self.ctl("machine", "wait", self.machine_id, "--state", "stopped", "-t", "20")
        self.assertEqual(self.machine(self.machine_id)["boot"]["exit"]["exit_code"], 9)

    def test_by_a_manifest_that_cannot_be_read(self):
        self.check_goes_on_and_is_mended(spoil_manifest)

    def test_by_tables_that_cannot_be_read(self):
        self.check_goes_on_and_is_mended(spoil_tables)

    def test_by_one_bit_of_a_table(self):
        self.check_goes_on_and_is_mended(flip_a_bit_of_a_table)

    def test_by_the_loss_of_the_file_that_names_the_others(self):
        self.check_goes_on_and_is_mended(lose_current)

    def test_a_boot_whose_stop_was_answered_has_no_identity_whatever_the_checkpoint_says(self):
        machine = self.start_machine("acme-es256", "sh", "-c", "trap '' INT; while :; do sleep 1; done")
        self.restart(lambda: None)
        wait_until(lambda: machine.encode() in self.checkpoint_bytes(), "a checkpoint with the machine")
        self.assertEqual(dict(decode(self.ask_in(machine))[1])["machine_id"], machine)
        self.ctl("machine", "stop", machine, "-t", "300")
        boot = self.machine(machine)["boot"]
        self.restart(lambda: spoil_manifest(self.data / "machines"))
        self.assertEqual(self.machine(machine)["state"], "STARTED")  # as the checkpoint has it
        self.assertNotIn("ey", self.run_ctl("machine", "exec", machine, "--", *ASK, "{}").stdout)
        self.assertEqual(dict(decode(self.ask_in(self.machine_id))[1])["machine_id"], self.machine_id)
        os.kill(int(boot["init_pid"]), signal.SIGKILL)

    def test_one_flyd_has_the_data_at_a_time(self):
        config = str(self.folder / "flyd" / "config.textproto")
        self.restart(lambda: spoil_manifest(self.data / "machines"))
        second = subprocess.run([str(self.folder / "bin" / "flyd"), "--config", config], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("want no other flyd on this folder", second.stderr)
        restored = self.run_ctl("store", "restore", str(self.data / "checkpoint"), str(self.data / "machines"))
        self.assertIn("want flyd stopped", restored.stderr)
        self.assertEqual(dict(decode(self.ask_in(self.machine_id))[1])["machine_id"], self.machine_id)

    def test_an_end_meanwhile_is_recorded_when_there_is_a_store_again(self):
        self.restart(lambda: spoil_manifest(self.data / "machines"))
        self.run_ctl("machine", "exec", self.machine_id, "--", "sh", "-c", "kill -INT $(pgrep -o sh)")  # which it ends too
        wait_until(lambda: not pathlib.Path(f"/proc/{self.pid}").exists(), "the machine's end")
        self.assertNotEqual(self.run_ctl("machine", "exec", self.machine_id, "--", "true").returncode, 0)
        self.restart(lambda: self.ctl("store", "restore", str(self.data / "checkpoint"), str(self.data / "machines")))
        self.ctl("machine", "wait", self.machine_id, "--state", "stopped", "-t", "20")
        self.assertEqual(self.machine(self.machine_id)["boot"]["exit"]["exit_code"], 9)

    def test_without_a_checkpoint_flyd_stops_and_says_what_is_damaged(self):
        self.kill("flyd")
        shutil.rmtree(self.data / "checkpoint")
        kept = self.folder / "kept"
        shutil.copytree(self.data / "machines", kept)
        file = spoil_manifest(self.data / "machines")
        config = str(self.folder / "flyd" / "config.textproto")
        said = subprocess.run([str(self.folder / "bin" / "flyd"), "--config", config], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(said.returncode, 0)
        self.assertIn(file, said.stderr)
        shutil.rmtree(self.data / "machines")
        kept.rename(self.data / "machines")
        self.fleet.up_one("flyd")
        self.assertEqual(self.machine(self.machine_id)["boot"]["init_pid"], self.pid)


if __name__ == "__main__":
    python_cases.main(DamagedStoreTest)
