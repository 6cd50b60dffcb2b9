"""Where tools/setup --interop put the clients and servers of others."""
import hashlib
import os
import pathlib
import pwd
import re

ROOT = pathlib.Path.cwd()


def _version(name):
    text = (ROOT / "tools/bazel/versions.bzl").read_text()
    return re.search(rf'^{name} = "(.*)"$', text, re.MULTILINE).group(1)


def _digest(data):
    return hashlib.sha256(data).hexdigest()[:12]


def _go_sources():
    folder = ROOT / "tests/interop/go"
    return b"".join(path.read_bytes() for path in [folder / "go.mod", folder / "go.sum", *sorted(folder.glob("*/*.go"))])


def folder(name):
    """Of python-sdks, js-sdks, minio or go-peers, in the version that this tree wants."""
    version = {"python-sdks": lambda: _digest((_version("PYTHON_SDKS") + "\n").encode()),
               "js-sdks": lambda: _digest((_version("JS_SDKS") + "\n").encode()),
               "minio": lambda: _version("MINIO"),
               "go-peers": lambda: _digest(_go_sources())}[name]()
    home = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir)
    found = pathlib.Path(os.environ.get("FLYD_CACHE") or home / ".cache/flyd") / f"{name}-{version}"
    if not (found / "STAMP").exists():
        raise AssertionError(f"{found}: missing, want it installed; run tools/setup --interop")
    return found
