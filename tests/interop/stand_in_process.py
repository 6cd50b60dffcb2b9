"""A stand-in for a cloud as a process of its own, with a clock of its own if the test wants one."""
import json
import os
import pathlib
import signal
import subprocess

from tests.e2e.fleet_case import ROOT, wait_until


class StandIn:
    def __init__(self, kind, folder, arguments, ca_file, certificate=None, clock=None):
        """`certificate`: (file, key file). `clock`: an offset for faketime, "+20m"."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        port_file = self.folder / "port"
        settings = self.folder / "settings.json"
        settings.write_text(json.dumps({"port_file": str(port_file), "certificate": certificate, "arguments": arguments}))
        command = ["/usr/bin/python3", "tests/interop/stand_in.py", kind, str(settings)]
        if clock:
            command = ["faketime", "-f", clock, *command]
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, env={**os.environ, "SSL_CERT_FILE": str(ca_file)})
        wait_until(lambda: port_file.exists() or self._ended(), f"{kind} serves ({self.log})")
        scheme, host = ("https", "localhost") if certificate else ("http", "127.0.0.1")
        self.url = f"{scheme}://{host}:{port_file.read_text()}"

    def _ended(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the stand-in ended with {self.process.returncode}: {self.log.read_text()}")

    def stop(self):
        # faketime waits for the program that it started: both are to end.
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=20)
