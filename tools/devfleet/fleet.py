"""The fleet in one folder: what it needs, what runs, and how to bring it up again after anything died."""
import itertools
import json
import os
import pathlib
import random
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request

from . import configs, control_group, hsm, namespaces, processes
from .errors import FleetError

DAEMONS = ["fleetd", "signerd", "issuerd", "flyd"]  # in the order in which they need each other
READY_SECONDS = 30
LONGEST_RUN_DIR = 40  # flyd's own bound: a socket's path has 108 bytes


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_ports(count):
    """Below the range from which the kernel takes the ports of outgoing connections: a daemon that is started again must
    find its port free."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = random.sample(range(max(1024, low - 16384), low), 512)
    return list(itertools.islice(filter(_is_free, candidates), count))


def _accepts(address):
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


class Fleet:
    """All paths are absolute; the state that must survive stands in DIR/state.json."""

    def __init__(self, folder, https=False):
        self.dir = pathlib.Path(folder).resolve()
        self.state_file = self.dir / "state.json"
        self.state = json.loads(self.state_file.read_text()) if self.state_file.exists() else {}
        self.https = self.state.get("https", https)

    # --- up ---------------------------------------------------------------------------------------------------------

    def up(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        self._choose_addresses()
        self._issue_certificates()
        for name in DAEMONS:
            self.up_one(name)
        self._wait_for_keys()
        self._write_environment()

    def up_one(self, name):
        """One daemon, if it does not run; everything that it needs on disk is there."""
        label = {"fleetd": "flyd-fleet", "signerd": "flyd-signer"}.get(name)
        self._start(name, hsm.prepare(self.dir / name, label) if label else {})

    def _choose_addresses(self):
        if "ports" not in self.state:
            self.state["ports"] = dict(zip(DAEMONS, _free_ports(len(DAEMONS))))
            self.state["https"] = self.https
            run = self.dir / "run"
            if len(str(run)) > LONGEST_RUN_DIR:
                run = pathlib.Path(tempfile.mkdtemp(prefix="flyd-"))
            self.state["run_dir"] = str(run)
            self.state["runtime"], self.state["runtime_reason"] = namespaces.best_runtime()
            self.state["control_group"] = control_group.place()
        for folder in [pathlib.Path(self.state["run_dir"]), *(self.dir / name for name in DAEMONS)]:
            folder.mkdir(exist_ok=True, mode=0o700)
        (self.dir / "log").mkdir(exist_ok=True)
        self._save()

    def _issue_certificates(self):
        if not (self.dir / "pki" / "ca.pem").exists():
            self._flydctl("pki", "init", self.dir / "pki", "--fleet", configs.FLEET)
        for role, name in [("fleet", "fleetd"), ("signer", "signerd"), ("issuer", "issuerd"),
                           ("worker", configs.WORKER), ("control-plane", "flydctl")]:
            self._flydctl("pki", "issue", self.dir / "pki", role, name, self.dir / "pki" / name,
                          *(["--localhost"] if role == "issuer" else []))

    def _flydctl(self, *arguments):
        command = [str(self.dir / "bin" / "flydctl"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise FleetError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")

    def _start(self, name, environment):
        if processes.is_alive(self.state.get("processes", {}).get(name)):
            return
        ready = self.dir / name / "ready.json"
        ready.unlink(missing_ok=True)
        config = self.dir / name / "config.textproto"
        config.write_text(configs.render(name, self))
        log = self.dir / "log" / f"{name}.log"
        identity, process = processes.start([str(self.dir / "bin" / name), "--config", str(config)], log, environment)
        self.state.setdefault("processes", {})[name] = identity
        self._save()
        self._wait_ready(name, ready, process, log)

    def _wait_ready(self, name, ready, process, log):
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            if process.poll() is not None:
                raise FleetError(f"{name}: ended with {process.returncode}, want it to run; last of {log}:\n"
                                 + "\n".join(log.read_text(errors="replace").splitlines()[-5:]))
            if time.monotonic() > deadline:
                raise FleetError(f"{name}: not ready after {READY_SECONDS} s; see {log}")
            time.sleep(0.02)

    def _wait_for_keys(self):
        """issuerd has keys once a signer has followed the fleet log: then the whole chain stands."""
        context = ssl.create_default_context(cafile=self.dir / "pki" / "ca.pem") if self.https else None
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.issuer_base()}/readyz", timeout=2, context=context)
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise FleetError(f"issuerd: no keys after {READY_SECONDS} s ({error}); see {self.dir}/log") from error
            time.sleep(0.02)

    def _write_environment(self):
        flydctl = {"fleet": configs.FLEET, "fleetd": self.address("fleetd"),
                   "workers": {configs.WORKER: self.address("flyd")},
                   "signers": {"signerd": self.address("signerd")}, "tls": configs.tls_files(self, "flydctl"),
                   "issuer_ca_file": str(self.dir / "pki" / "ca.pem") if self.https else "",
                   "region": configs.REGION, "development": True}
        (self.dir / "flydctl.json").write_text(json.dumps(flydctl, indent=2) + "\n")
        variables = {"FLYDCTL_CONFIG": self.dir / "flydctl.json", "ISSUER_BASE": self.issuer_base(),
                     "FLYD_ADDRESS": self.address("flyd"), "FLEETD_ADDRESS": self.address("fleetd"),
                     "SIGNERD_ADDRESS": self.address("signerd"), "CA_FILE": self.dir / "pki" / "ca.pem", "FLYD_RUN_DIR": self.state["run_dir"],
                     "FLYD_RUNTIME": self.state["runtime"], "FLYD_RUNTIME_REASON": self.state["runtime_reason"]}
        lines = [f"export {name}='{value}'" for name, value in variables.items()]
        lines.append(f"export PATH='{self.dir}/bin':\"$PATH\"")
        (self.dir / "env").write_text("\n".join(lines) + "\n")

    # --- what others ask ----------------------------------------------------------------------------------------------

    def address(self, name):
        return f"127.0.0.1:{self.state['ports'][name]}"

    def issuer_base(self):
        return f"{'https' if self.https else 'http'}://localhost:{self.state['ports']['issuerd']}"

    def status(self):
        if "ports" not in self.state:
            raise FleetError(f"{self.dir}: no fleet there, want one (tools/dev up --dir {self.dir})")
        rows = []
        for name in DAEMONS:
            identity = self.state.get("processes", {}).get(name)
            alive = processes.is_alive(identity)
            health = "ok" if alive and _accepts(self.address(name)) else "not answering" if alive else "down"
            rows.append({"name": name, "pid": identity["pid"] if alive else None, "address": self.address(name),
                         "health": health})
        return rows

    def logs(self, name=None):
        names = [name] if name else DAEMONS
        found = [self.dir / "log" / f"{each}.log" for each in names]
        missing = [log for log in found if not log.exists()]
        if missing:
            raise FleetError(f"{missing[0]}: no such log, want one of {', '.join(DAEMONS)}")
        return found

    # --- down ---------------------------------------------------------------------------------------------------------

    def down(self):
        """Ends the machines, then the daemons. What they stored stays for the next up."""
        if processes.is_alive(self.state.get("processes", {}).get("flyd")):
            self._destroy_machines()
        for name in reversed(DAEMONS):
            processes.stop(self.state.get("processes", {}).get(name))
        control_group.remove(self.state.get("control_group", ""))
        self.state["processes"] = {}
        if self.dir.exists():
            self._save()

    def _destroy_machines(self):
        environment = {**os.environ, "FLYDCTL_CONFIG": str(self.dir / "flydctl.json")}
        flydctl = str(self.dir / "bin" / "flydctl")
        listed = subprocess.run([flydctl, "-o", "json", "machine", "list"], env=environment, capture_output=True, text=True)
        for line in listed.stdout.splitlines():
            machine = json.loads(line)
            if machine["state"] not in ("CREATED", "STOPPED", "FAILED", "DESTROYED"):
                subprocess.run([flydctl, "machine", "stop", machine["id"], "-t", "2"], env=environment, capture_output=True)
                subprocess.run([flydctl, "machine", "wait", machine["id"], "--state", "stopped", "-t", "10"],
                               env=environment, capture_output=True)

    def _save(self):
        partial = self.state_file.with_suffix(".new")
        partial.write_text(json.dumps(self.state, indent=2))
        partial.rename(self.state_file)
