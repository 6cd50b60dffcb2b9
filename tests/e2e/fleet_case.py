"""A whole fleet of real processes under a test: fleetd, signerd on SoftHSM, issuerd, flyd, machines in namespaces."""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path.cwd()
sys.path.insert(0, str(ROOT / "tools"))
os.environ["FLYD_BIN_DIR"] = str(ROOT)

from devfleet import binaries, fleet, processes  # noqa: E402

ASK = ["curl", "-s", "--unix-socket", "/.fly/api", "-X", "POST", "http://localhost/v1/tokens/oidc", "--data"]


def decode(token):
    """(header, payload) as ordered pairs; nothing is verified."""
    def part(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), object_pairs_hook=list)
    header, payload, _ = token.split(".")
    return part(header), part(payload)


def wait_until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not after {seconds} s")
        time.sleep(0.02)


class FleetCase(unittest.TestCase):
    """One fleet for all cases of the class, with the organizations acme-rs256 and acme-es256 and the app web in each."""

    HTTPS = False

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="fe-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.fleet = fleet.Fleet(cls.folder, https=cls.HTTPS)
        # A set-up that fails half-way leaves nothing running either.
        cls.addClassCleanup(cls.fleet.down)
        binaries.install(ROOT, cls.folder / "bin")
        cls.fleet.up()
        for algorithm in ("RS256", "ES256"):
            organization = "acme-" + algorithm.lower()
            cls.ctl("org", "create", organization, "--alg", algorithm)
            cls.ctl("app", "create", organization + "/web")

    @classmethod
    def run_ctl(cls, *arguments, **options):
        environment = {**os.environ, "FLYDCTL_CONFIG": str(cls.folder / "flydctl.json")}
        return subprocess.run([str(cls.folder / "bin" / "flydctl"), *arguments], env=environment, text=True,
                              capture_output=True, timeout=90, **options)

    @classmethod
    def ctl(cls, *arguments, **options):
        """stdout of a flydctl command that must succeed."""
        done = cls.run_ctl(*arguments, **options)
        if done.returncode != 0:
            raise AssertionError(f"flydctl {' '.join(arguments)}: exit {done.returncode}: {done.stderr}"
                                 + (cls.last_words() if done.returncode == 5 else ""))
        return done.stdout

    @classmethod
    def last_words(cls):
        """Which daemons run, and the end of each log: for the person who reads a failure."""
        logs = "".join(f"== {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in cls.fleet.logs())
        return f"{cls.fleet.status()}\n{logs}"

    def machine(self, machine_id):
        return json.loads(self.ctl("-o", "json", "machine", "status", machine_id))

    def machines(self):
        return [json.loads(line) for line in self.ctl("-o", "json", "machine", "list").splitlines()]

    def worker(self):
        return {"limits": [], **json.loads(self.ctl("-o", "json", "worker", "status"))}

    def run_machine(self, organization, *command, options=()):
        return self.run_ctl("machine", "run", "host", "-a", organization + "/web", *options, "--", *command)

    def start_machine(self, organization, *command, options=()):
        """Id of a machine whose workload runs."""
        machine_id = self.ctl("machine", "run", "host", "-a", organization + "/web", "--detach", *options, "--",
                              *command).strip()
        self.ctl("machine", "wait", machine_id, "--state", "started", "-t", "20")
        return machine_id

    def token(self, organization, body="{}"):
        done = self.run_machine(organization, *ASK, body)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("."), 2, done.stdout)
        return done.stdout

    def ask_in(self, machine_id, body="{}"):
        return self.ctl("machine", "exec", machine_id, "--", *ASK, body)

    def kill(self, name):
        identity = self.fleet.state["processes"][name]
        os.kill(identity["pid"], signal.SIGKILL)
        wait_until(lambda: not processes.is_alive(identity), f"{name} gone")

    def verdict(self, verifier, token, issuer, audience):
        """How a verifier that is not ours ended: (exit code, its output)."""
        environment = {**os.environ, "JOSE_DIR": str(ROOT.parent / "jose")}
        if self.HTTPS:
            environment["SSL_CERT_FILE"] = environment["NODE_EXTRA_CA_CERTS"] = str(self.folder / "pki" / "ca.pem")
        command = {"PyJWT": ["/usr/bin/python3", "tools/verifiers/verify_pyjwt.py"],
                   "jose": ["/usr/bin/node", "tools/verifiers/verify_jose.cjs"]}[verifier]
        done = subprocess.run([*command, issuer, audience], input=token, text=True, capture_output=True, timeout=60,
                              env=environment)
        return done.returncode, done.stdout + done.stderr
