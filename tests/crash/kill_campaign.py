#!/usr/bin/python3
"""flyd killed with SIGKILL at random instants under load, with real machines: whatever was acknowledged is so, once.

A round sends orders to some machines from several clients at once, kills flyd at a random instant, starts it again, and
then looks at every machine. A client repeats an order until it is acknowledged, as a control plane does.

FLYD_CAMPAIGN_MACHINES (12), FLYD_CAMPAIGN_KILLS (8) and FLYD_CAMPAIGN_SEED make it longer, or the same again:
  FLYD_CAMPAIGN_MACHINES=200 FLYD_CAMPAIGN_KILLS=1000 bazel test //tests/crash:kill_campaign --test_output=streamed --test_timeout=7200
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, wait_until  # noqa: E402

MACHINES = int(os.environ.get("FLYD_CAMPAIGN_MACHINES", "12"))
KILLS = int(os.environ.get("FLYD_CAMPAIGN_KILLS", "8"))
SEED = int(os.environ.get("FLYD_CAMPAIGN_SEED", str(random.randrange(1 << 32))))
ORDERS_A_ROUND = 8
REFUSED, UNAVAILABLE = 4, 5
# Ends with the code that is written to it, or with 7 when it is asked to stop.
WORKLOAD = "mkfifo /tmp/c; trap 'exit 7' INT; read code < /tmp/c; exit $code"
NEXT = {"STARTED": ["stop", "restart", "suspend", "end"], "STOPPED": ["start"], "SUSPENDED": ["resume", "stop"]}
LEADS_TO = {"stop": "STOPPED", "restart": "STARTED", "suspend": "SUSPENDED", "end": "STOPPED", "start": "STARTED",
            "resume": "STARTED"}


class Machine:
    def __init__(self, machine_id):
        self.id = machine_id
        self.state = "STARTED"
        self.codes = None  # with which of these the last boot ended
        self.boot = None   # (boot_id, init_pid) where no order may have changed it


class KillCampaign(FleetCase):

    def setUp(self):
        self.random = random.Random(SEED)
        self.checked = collections.Counter()
        print(f"seed {SEED}: {MACHINES} machines, {KILLS} kills", flush=True)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.machines = list(pool.map(lambda _: Machine(self.start_machine("acme-es256", "sh", "-c", WORKLOAD)),
                                          range(MACHINES)))
        self.clients = concurrent.futures.ThreadPoolExecutor(ORDERS_A_ROUND)
        self.addCleanup(self.clients.shutdown)

    def order(self, machine, order, code):
        """Until it is acknowledged."""
        words = {"end": ["exec", machine.id, "--", "sh", "-c", f"echo {code} > /tmp/c"],
                 "stop": ["stop", machine.id, "-t", "5"]}.get(order, [order, machine.id])
        for attempt in range(200):
            done = self.run_ctl("machine", *words)
            # What was refused the second time was done the first time, when nobody could say so; and who ends the machine
            # from inside is ended with it.
            if done.returncode == 0 or (done.returncode == REFUSED and (attempt > 0 or "machine: ended" in done.stderr)):
                break
            if done.returncode != UNAVAILABLE and not (order == "end" and attempt > 0):
                raise AssertionError(f"{order} {machine.id}: exit {done.returncode}: {done.stderr}")
            time.sleep(0.05)
        else:
            raise AssertionError(f"{order} {machine.id}: never acknowledged: {done.stderr}")
        # A suspended workload hears no signal: it is killed. One that has just begun may not have set its trap.
        machine.codes = {"end": {code}, "stop": {7, 130, 137} if machine.state != "SUSPENDED" else {137}}.get(order)
        machine.state = LEADS_TO[order]
        machine.boot = machine.boot if order in ("suspend", "resume") else None
        self.checked["orders acknowledged"] += 1

    def runners(self):
        """Machine id -> boots that have a runner on this host."""
        found = collections.defaultdict(list)
        folder = f"{self.fleet.state['run_dir']}/m/"
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if len(words) > 2 and words[1] == b"runner" and words[2].decode().startswith(folder):
                machine_id, _, boot = words[2].decode()[len(folder):].split("/")
                found[machine_id].append(boot)
        return found

    def listed(self):
        lines = self.ctl("-o", "json", "machine", "list").splitlines()
        return {machine["id"]: machine for machine in map(json.loads, lines)}

    def settled(self):
        now = self.listed()
        return all(now[machine.id]["state"] == machine.state and "operation" not in now[machine.id] for machine in self.machines)

    def look(self):
        """Every machine is what was acknowledged of it, and what this host runs is that and nothing else."""
        try:
            wait_until(self.settled, "the machines' states", 60)
        except AssertionError as error:
            now = self.listed()
            wrong = [(machine.id, machine.state, now[machine.id]["state"], now[machine.id].get("operation"))
                     for machine in self.machines if now[machine.id]["state"] != machine.state]
            raise AssertionError(f"seed {SEED}: {error}: (id, acknowledged, is, operation) {wrong}") from error
        now, runners = self.listed(), self.runners()
        self.assertLessEqual(set(runners), set(now), "runners of machines that nobody knows")
        for machine in self.machines:
            boot = now[machine.id]["boot"]
            self.checked["states as acknowledged"] += 1
            if machine.state == "STOPPED":
                self.assertEqual(runners[machine.id], [], f"{machine.id}: stopped, and something runs")
                self.assertIn(boot["exit"].get("exit_code", 0), machine.codes, machine.id)
                self.checked["exit codes arrived"] += 1
                continue
            self.assertEqual(runners[machine.id], [boot["boot_id"]], f"{machine.id}: want its one boot")
            self.checked["boots that run once"] += 1
            if machine.boot is not None:
                self.assertEqual((boot["boot_id"], boot["init_pid"]), machine.boot, f"{machine.id}: another process")
                self.checked["processes that went on"] += 1
            machine.boot = (boot["boot_id"], boot["init_pid"])

    def look_at_events(self):
        for machine in self.machines:
            events = [json.loads(line) for line in self.ctl("-o", "json", "machine", "events", machine.id).splitlines()]
            self.assertEqual([int(event["sequence"]) for event in events], list(range(1, len(events) + 1)), machine.id)
            begun = sum(event["type"] == "start" for event in events)
            ended = sum("exit" in event for event in events)
            self.assertEqual(begun - ended, 0 if machine.state == "STOPPED" else 1, f"{machine.id}: {begun} begun, {ended} ended")
            self.checked["events without a gap"] += len(events)

    def test_what_was_acknowledged_is_so_and_once(self):
        for kill in range(1, KILLS + 1):
            chosen = self.random.sample(self.machines, min(ORDERS_A_ROUND, len(self.machines)))
            plans = [(machine, self.random.choice(NEXT[machine.state]), self.random.randrange(1, 100)) for machine in chosen]
            sent = [self.clients.submit(self.order, *plan) for plan in plans]
            time.sleep(self.random.random() * 0.3)  # the instant of the kill
            self.kill("flyd")
            self.fleet.up_one("flyd")
            self.checked["kills"] += 1
            for future in sent:
                future.result()
            self.look()
            if kill % 50 == 0:
                print(f"{kill} kills: {dict(self.checked)}", flush=True)
        self.look_at_events()
        print(f"seed {SEED}: {dict(self.checked)}, nothing violated", flush=True)


if __name__ == "__main__":
    python_cases.main(KillCampaign)
