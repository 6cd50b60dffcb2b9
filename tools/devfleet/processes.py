"""Daemons that outlive the command that started them, known by pid and start time together."""
import os
import signal
import subprocess
import time


def start_ticks(pid):
    """When the process started, in clock ticks since boot; None where there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def is_alive(identity):
    """`identity`: {"pid", "start_ticks"} as start() gave it."""
    return identity is not None and start_ticks(identity["pid"]) == identity["start_ticks"]


def start(command, log, environment):
    """Starts a daemon in a session of its own, its output appended to `log`."""
    with open(log, "ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   env={**os.environ, **environment}, start_new_session=True)
    return {"pid": process.pid, "start_ticks": start_ticks(process.pid)}, process


def stop(identity, patience=10.0):
    """SIGTERM, and SIGKILL where that does not end it in `patience` seconds."""
    for sent, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if not is_alive(identity):
            return
        os.kill(identity["pid"], sent)
        deadline = time.monotonic() + wait
        while is_alive(identity) and time.monotonic() < deadline:
            time.sleep(0.02)
