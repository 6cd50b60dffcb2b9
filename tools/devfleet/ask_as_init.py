#!/usr/bin/python3
"""Stands in for a simulated machine's init: creates a machine, asks POST /boot on its socket, then for a token.

  ask_as_init.py ORG/APP AUDIENCE RUN_DIR    (FLYDCTL_CONFIG names the fleet)
"""
import http.client
import json
import socket
import subprocess
import sys
import time


class GuestConnection(http.client.HTTPConnection):
    """HTTP on a machine's socket."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def post(self, target, body, headers):
        self.request("POST", target, body, headers)
        answer = self.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 204):
            raise SystemExit(f"{target}: HTTP {answer.status}: {text}")
        return text


def wait_for(path, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            connection = GuestConnection(path)
            connection.connect()
            return connection
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{path}: nobody listens after {seconds} s, want the machine's socket")


def main():
    app, audience, run_dir = sys.argv[1:4]
    run = subprocess.run(["flydctl", "machine", "run", "host", "-a", app, "--detach", "--", "sleep", "600"],
                         capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(run.stderr.strip())
    guest = wait_for(f"{run_dir}/m/{run.stdout.strip()}/guest/api.sock")
    boot = json.loads(guest.post("/boot", b"", {}))
    credential = {"Authorization": boot["macaroon"]}
    guest.post("/boot/events", json.dumps({"type": "started"}), credential)
    print(guest.post("/v1/tokens/oidc", json.dumps({"aud": audience}), credential))


if __name__ == "__main__":
    main()
