#!/usr/bin/python3
"""Every daemon killed with SIGKILL and started again: machines go on, tokens are right, nothing acknowledged is lost."""
import json
import os
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase, decode, wait_until  # noqa: E402


class KillTest(FleetCase):

    def check_goes_on(self, daemon):
        machine = self.start_machine("acme-rs256", "sleep", "300")
        before = self.machine(machine)
        self.kill(daemon)
        self.fleet.up()
        after = self.machine(machine)
        self.assertEqual(after["state"], "STARTED")
        self.assertEqual(after["boot"]["init_pid"], before["boot"]["init_pid"])
        self.assertEqual(after["boot"]["boot_id"], before["boot"]["boot_id"])
        wait_until(lambda: self.ask_in(machine).count(".") == 2, f"a token after {daemon} was killed")
        claims = dict(decode(self.ask_in(machine))[1])
        self.assertEqual(claims["machine_id"], machine)
        self.assertEqual(claims["machine_version"], before["version"])

    def test_daemons_that_hold_secrets_leave_no_core(self):
        for daemon in ("fleetd", "signerd", "flyd"):
            with open(f"/proc/{self.fleet.state['processes'][daemon]['pid']}/limits", encoding="ascii") as limits:
                core = next(line for line in limits if line.startswith("Max core file size"))
            self.assertEqual(core.split()[4:6], ["0", "0"], daemon)

    def test_flyd_says_that_it_does_not_serve_while_no_signer_is_there(self):
        log = self.fleet.logs("flyd")[0]
        seen = log.stat().st_size

        def said():
            with open(log, encoding="utf-8") as file:
                file.seek(seen)
                return [json.loads(line)["ok"] for line in file if '"flyd.health"' in line]
        self.kill("signerd")
        wait_until(lambda: said() == [False], "flyd's word that it does not serve")
        self.fleet.up()
        wait_until(lambda: said() == [False, True], "flyd's word that it serves")

    def test_fleetd_killed(self):
        self.check_goes_on("fleetd")
        self.ctl("org", "create", "after-fleetd")

    def test_signerd_killed(self):
        self.check_goes_on("signerd")

    def test_issuerd_killed(self):
        self.check_goes_on("issuerd")
        token = self.token("acme-rs256", '{"aud":"vault"}')
        self.assertEqual(self.verdict("PyJWT", token, f"{self.fleet.issuer_base()}/acme-rs256", "vault")[0], 0)

    def test_flyd_killed(self):
        self.check_goes_on("flyd")

    def test_issuerd_serves_the_last_bundle_while_the_signer_is_away(self):
        token = self.token("acme-rs256", '{"aud":"vault"}')
        self.kill("signerd")
        self.kill("issuerd")
        try:
            self.fleet.up_one("issuerd")
            code, said = self.verdict("jose", token, f"{self.fleet.issuer_base()}/acme-rs256", "vault")
            self.assertEqual(code, 0, said)
        finally:
            self.fleet.up()

    def test_an_exit_while_flyd_is_away_is_reported_with_its_code(self):
        machine = self.start_machine("acme-rs256", "sh", "-c", "while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 42")
        self.ctl("machine", "exec", machine, "--", "sh", "-c", "(sleep 0.5; touch /tmp/end) >/dev/null 2>&1 &")
        runner = self.machine(machine)["boot"]["runner_pid"]
        self.kill("flyd")
        wait_until(lambda: not os.path.exists(f"/proc/{runner}"), "the runner's end while flyd is away")
        self.fleet.up()
        self.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
        self.assertEqual(self.machine(machine)["boot"]["exit"]["exit_code"], 42)

    def test_no_acknowledged_machine_is_lost(self):
        machines = [self.ctl("machine", "run", "host", "-a", "acme-rs256/web", "--detach", "--", "sleep", "300").strip()
                    for _ in range(5)]
        self.kill("flyd")
        self.fleet.up()
        for machine in machines:
            done = self.run_ctl("machine", "wait", machine, "--state", "started", "-t", "20")
            self.assertEqual(done.returncode, 0, done.stderr + self.ctl("machine", "events", machine))


if __name__ == "__main__":
    python_cases.main(KillTest)
