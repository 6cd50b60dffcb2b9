#!/usr/bin/python3
"""B1 and B2 of the design: the HSM kept busy, and CPU per token. Prints ratios; judges nothing.

  bazel run -c opt //tests/bench/mint -- [--seconds S] [--rounds N]

B1: signerd's PKCS#11 thread on core 0, everything else on core 1; raw is the same key alone on core 0. Raw and signerd
alternate, medians are quoted. B2: CPU per token of the worker's client and of signerd, the HSM's own time subtracted.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path.cwd()
sys.path.insert(0, str(ROOT))
from tests.e2e.fleet_case import FleetCase  # noqa: E402
from devfleet import configs, hsm  # noqa: E402

SLOTS = {"RS256": "rs256-1", "ES256": "es256-1"}
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(stat):
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def steal_seconds():
    return int(pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[8]) / TICK


class Bench(FleetCase):
    """A fleet whose signer has one session."""

    @classmethod
    def environment(cls):
        return {**os.environ, **hsm.prepare(cls.folder / "signerd", "flyd-signer")}

    @classmethod
    def load(cls, core, *arguments):
        command = ["taskset", "-c", str(core), str(ROOT / "tests/bench/mint/mint_load"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=cls.environment(), check=False)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)

    @classmethod
    def raw(cls, algorithm, seconds):
        return cls.load(0, "raw", hsm.module_path(), "flyd-signer", cls.folder / "signerd" / "pin",
                        f"flyd-key/default/{SLOTS[algorithm]}", algorithm, seconds)

    @classmethod
    def sign(cls, algorithm, callers, seconds):
        pki = cls.folder / "pki"
        return cls.load(1, "sign", cls.fleet.address("signerd"), cls.fleet.address("fleetd"), configs.FLEET,
                        pki / configs.WORKER, pki / "flydctl", f"acme-{algorithm.lower()}/web", callers, seconds)

    @classmethod
    def pin_signer(cls):
        """The busiest thread of signerd, which is the one that calls the HSM, on core 0; the others on core 1."""
        pid = cls.fleet.state["processes"]["signerd"]["pid"]
        threads = {int(path.name): cpu_seconds((path / "stat").read_text())
                   for path in pathlib.Path(f"/proc/{pid}/task").iterdir()}
        busiest = max(threads, key=threads.get)
        for thread in threads:
            os.sched_setaffinity(thread, {0 if thread == busiest else 1})

    @classmethod
    def signer_cpu(cls):
        pid = cls.fleet.state["processes"]["signerd"]["pid"]
        return cpu_seconds(pathlib.Path(f"/proc/{pid}/stat").read_text())


def measure(algorithm, rounds, seconds):
    Bench.sign(algorithm, 16, 1)
    Bench.pin_signer()
    ratios, client, signer, batches, p99 = [], [], [], [], []
    for _ in range(rounds):
        raw = Bench.raw(algorithm, seconds)
        before = Bench.signer_cpu()
        signed = Bench.sign(algorithm, 64, seconds)
        spent = (Bench.signer_cpu() - before) * 1e6 / signed["tokens"]
        ratios.append(signed["per_second"] / raw["per_second"])
        client.append(signed["cpu_us"])
        signer.append(spent - raw["cpu_us"])
        batches.append(signed["per_batch"])
        p99.append(signed["p99_ms"])
    median = statistics.median
    print(f"{algorithm} B1 signed/raw {median(ratios):.3f}  ({raw['per_second']:.0f}/s raw)  "
          f"tokens/batch {median(batches):.1f}  p99 at full load {median(p99):.2f} ms")
    print(f"{algorithm} B2 CPU per token without C_Sign: {median(client) + median(signer):.0f} us "
          f"(client {median(client):.0f}, signerd {median(signer):.0f}) at b = {median(batches):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    configs.SIGNER_SESSIONS = 1
    stolen = steal_seconds()
    Bench.setUpClass()
    try:
        for algorithm in SLOTS:
            measure(algorithm, arguments.rounds, arguments.seconds)
    finally:
        Bench.doClassCleanups()
    print(f"steal: {steal_seconds() - stolen:.1f} s")


if __name__ == "__main__":
    main()
