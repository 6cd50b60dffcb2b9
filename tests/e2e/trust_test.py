#!/usr/bin/python3
"""flydctl trust: what it prints holds for the fleet that it asks, and what it checks are that fleet's machines."""
import json
import os
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import FleetCase  # noqa: E402


class TrustTest(FleetCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ctl("app", "create", "acme-rs256/api")
        for app, name, options in [("web", "m1", []), ("web", "m2", ["--aud", "vault"]), ("api", "m1", []),
                                   ("api", "gone", []), ("web", "by-app", ["--subject", "app"])]:
            machine = cls.ctl("machine", "run", "host", "-a", f"acme-rs256/{app}", "--name", name, "--detach", *options,
                              "--", "true").strip()
            if name == "gone":
                cls.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
                cls.ctl("machine", "destroy", machine)

    def check(self, policy, *options):
        """(exit code, {machine: verdict}, [severity code])."""
        done = self.run_ctl("-o", "json", "trust", "check", "-", *options, input=json.dumps(policy))
        self.assertIn(done.returncode, (0, 4), done.stderr)
        report = json.loads(done.stdout)
        return (done.returncode, {row["machine"]: row["verdict"] for row in report["machines"]},
                [f"{row['severity']} {row['code']}" for row in report["findings"]])

    def printed(self, cloud, *arguments):
        return json.loads(self.ctl("-o", "json", "trust", cloud, *arguments))

    def test_the_printed_policy_admits_the_machines_of_its_app_that_may_have_its_audience(self):
        code, verdicts, findings = self.check(self.printed("aws", "--scope", "app", "acme-rs256/web"))
        self.assertEqual(verdicts, {"acme-rs256/api/m1": "refused", "acme-rs256/web/by-app": "refused",
                                    "acme-rs256/web/m1": "admitted", "acme-rs256/web/m2": "refused"})
        # A development fleet's issuer is no cloud's.
        self.assertEqual((code, findings), (0, ["warning http-issuer", "warning issuer-port"]))

    def test_the_issuer_is_the_organizations(self):
        policy = self.printed("azure", "acme-rs256/web")
        self.assertEqual(policy["issuer"], f"{self.fleet.issuer_base()}/acme-rs256")
        self.assertEqual(self.check(policy)[1]["acme-rs256/web/by-app"], "admitted")

    def test_a_danger_ends_with_4_and_names_who_else_is_admitted(self):
        policy = self.printed("vault", "acme-rs256/web")
        policy["bound_claims"]["sub"] = "acme-rs256:*1"
        code, verdicts, findings = self.check(policy, "--issuer", f"{self.fleet.issuer_base()}/acme-rs256")
        self.assertEqual(code, 4)
        self.assertEqual(verdicts["acme-rs256/api/m1"], "admitted")
        self.assertIn("danger subject-early-wildcard", findings)

    def test_the_table_says_why(self):
        policy = json.dumps(self.printed("aws", "acme-rs256/web/m1"))
        done = self.run_ctl("trust", "check", "-", input=policy)
        self.assertRegex(done.stdout, r'acme-rs256/api/m1 +acme-rs256:api:m1 +refused +statement 1: sub "acme-rs256:api:m1"')
        self.assertIn("aws: admits 1 of 4 machines", done.stdout)

    def test_what_is_no_policy_is_a_fault_of_usage(self):
        done = self.run_ctl("trust", "check", "-", input="{}")
        self.assertEqual((done.returncode, done.stderr.split(":")[1]), (2, " policy"), done.stderr)

    def test_an_organization_that_is_not_there_is_not_found(self):
        self.assertEqual(self.run_ctl("trust", "aws", "nobody/web").returncode, 3)

    def test_a_whole_organization_cannot_be_trusted_in_azure(self):
        done = self.run_ctl("trust", "azure", "--scope", "org", "acme-rs256/web")
        self.assertEqual(done.returncode, 2)
        self.assertIn("want app or machine", done.stderr)


if __name__ == "__main__":
    python_cases.main(TrustTest)
