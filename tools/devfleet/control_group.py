"""Where the machines' control groups are: below cgroup v2, if the host has it and it is ours."""
import contextlib
import os
import pathlib
import secrets
import time


def place():
    """A new folder that flyd may make; "" where machines go without groups and limits."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind = line.split()[:3]
        if kind == "cgroup2" and os.geteuid() == 0 and os.access(place, os.W_OK):
            return f"{place}/flyd-dev-{secrets.token_hex(4)}"
    return ""


def remove(folder):
    """Ends what is left in the folder's groups, and removes them."""
    if not folder or not os.path.isdir(folder):
        return
    with contextlib.suppress(OSError):
        pathlib.Path(folder, "cgroup.kill").write_text("1")
    for inner, _, _ in os.walk(folder, topdown=False):
        for _ in range(100):  # what was killed is still emptying
            try:
                os.rmdir(inner)
                break
            except OSError:
                time.sleep(0.02)
