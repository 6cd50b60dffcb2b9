"""Which runtime this host can give: real namespaces, with or without root, or the simulated one."""
import os
import subprocess


def best_runtime():
    """("process" | "simulated", why). FLYD_RUNTIME=simulated asks for the simulated one."""
    if os.environ.get("FLYD_RUNTIME") in ("simulated", "external"):
        return os.environ["FLYD_RUNTIME"], "FLYD_RUNTIME asks for it"
    command = ["unshare", "--user", "--map-root-user", "--pid", "--mount", "--uts", "--ipc", "--fork", "--mount-proc", "true"]
    tried = subprocess.run(command, capture_output=True, text=True)
    if tried.returncode == 0:
        return "process", "namespaces as root" if os.geteuid() == 0 else "rootless namespaces: one user id in a machine"
    return "simulated", (tried.stderr.strip().splitlines() or ["unshare refused"])[-1]
