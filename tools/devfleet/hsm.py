"""A SoftHSM token per daemon that holds keys."""
import os
import secrets
import subprocess

from .errors import FleetError

MODULES = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
           "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"]


def module_path():
    for path in MODULES:
        if os.path.exists(path):
            return path
    raise FleetError("SoftHSM: no module found, want the package softhsm2 (tools/setup installs it)")


def prepare(folder, label):
    """A token with the label under `folder`, made once; its PIN is in FOLDER/pin. The environment for the daemon."""
    environment = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
    if (folder / "pin").exists():
        return environment
    (folder / "tokens").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    pin = secrets.token_hex(16)
    # softhsm2-util takes PINs on its command line only; this one protects a development token.
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin",
                    secrets.token_hex(16)], check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    with open(os.open(folder / "pin", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(pin)
    return environment
