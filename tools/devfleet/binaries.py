"""Puts the programs of the fleet into one folder."""
import os
import pathlib
import shutil
import subprocess

from .errors import FleetError

TARGETS = {
    "flydctl": "tools/flydctl/flydctl",
    "fleetd": "tokensvc/fleet/fleetd",
    "signerd": "tokensvc/signer/signerd",
    "issuerd": "tokensvc/issuer/issuerd",
    "flyd": "flyd/flyd",
    "init": "flyd/init/init",
}


def _build(root):
    subprocess.run([root / "tools" / "setup"], check=True)
    labels = ["//" + ":".join(path.rsplit("/", 1)) for path in TARGETS.values()]
    built = subprocess.run(["bazel", "build", *labels], cwd=root)
    if built.returncode != 0:
        raise FleetError("bazel build: failed, want the fleet's programs (its output is above)")
    return root / "bazel-bin"


def install(root, to):
    """Builds and copies them to `to`, so that a later build does not touch a running fleet.

    FLYD_BIN_DIR names a tree that is built already (the tests' runfiles).
    """
    built = os.environ.get("FLYD_BIN_DIR")
    source = pathlib.Path(built) if built else _build(root)
    to.mkdir(parents=True, exist_ok=True)
    for name, path in TARGETS.items():
        target = to / name
        fresh = target.exists() and target.stat().st_mtime_ns == (source / path).stat().st_mtime_ns
        if fresh:
            continue
        partial = to / f".{name}.new"
        shutil.copy2(source / path, partial)
        partial.chmod(0o755)
        partial.rename(target)
