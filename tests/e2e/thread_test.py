#!/usr/bin/python3
"""One token through everything, as its users see it."""
import json
import os
import ssl
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import ASK, FleetCase, decode, wait_until  # noqa: E402

CLAIMS = ("app_id app_name aud exp iat image image_digest iss jti machine_id machine_name machine_version nbf org_id "
          "org_name region sub").split()
ORGANIZATIONS = {"RS256": "acme-rs256", "ES256": "acme-es256"}


class ThreadTest(FleetCase):

    def test_claims_are_exactly_the_seventeen_in_order_and_the_header_is_alg_kid_typ(self):
        for algorithm, organization in ORGANIZATIONS.items():
            with self.subTest(algorithm):
                name = "claims-" + algorithm.lower()
                done = self.run_machine(organization, *ASK, '{"aud":"sts.amazonaws.com"}',
                                        options=["--name", name, "--region", "yyz"])
                self.assertEqual(done.returncode, 0, done.stderr)
                header, payload = decode(done.stdout)
                self.assertEqual([key for key, _ in header], ["alg", "kid", "typ"])
                self.assertEqual(dict(header)["alg"], algorithm)
                self.assertEqual([key for key, _ in payload], CLAIMS)
                claims = dict(payload)
                self.assertEqual(claims["sub"], f"{organization}:web:{name}")
                self.assertEqual(claims["iss"], f"{self.fleet.issuer_base()}/{organization}")
                self.assertEqual(claims["aud"], "sts.amazonaws.com")
                self.assertEqual(claims["region"], "yyz")
                self.assertEqual(claims["exp"] - claims["iat"], 600)
                self.assertEqual(claims["nbf"], claims["iat"])
                self.assertTrue(claims["org_id"].isdecimal() and claims["app_id"].isdecimal())

    def test_the_answer_is_the_bare_token_without_a_newline(self):
        self.assertEqual(self.token("acme-rs256").count("."), 2)
        self.assertFalse(self.token("acme-rs256").endswith("\n"))

    def test_two_verifiers_that_nobody_here_wrote_accept_and_refuse(self):
        for organization in ORGANIZATIONS.values():
            issuer = f"{self.fleet.issuer_base()}/{organization}"
            token = self.token(organization, '{"aud":"vault"}')
            for verifier in ("PyJWT", "jose"):
                with self.subTest(organization=organization, verifier=verifier):
                    self.assertEqual(self.verdict(verifier, token, issuer, "vault")[0], 0)
                    self.assertEqual(self.verdict(verifier, token, issuer, "another")[0], 1)
                    body = token.split(".")
                    forged = ".".join([body[0], body[1], body[2][:-4] + ("AAAA" if body[2][-4:] != "AAAA" else "BBBB")])
                    self.assertEqual(self.verdict(verifier, forged, issuer, "vault")[0], 1)

    def test_a_token_of_one_organization_is_refused_under_another(self):
        token = self.token("acme-rs256", '{"aud":"vault"}')
        issuer = f"{self.fleet.issuer_base()}/acme-es256"
        for verifier in ("PyJWT", "jose"):
            self.assertEqual(self.verdict(verifier, token, issuer, "vault")[0], 1)

    def test_default_audience_names_the_organization(self):
        self.assertEqual(dict(decode(self.token("acme-rs256"))[1])["aud"], "https://fly.io/acme-rs256")

    def test_each_request_is_a_new_token(self):
        machine = self.start_machine("acme-es256", "sleep", "60")
        jtis = {dict(decode(self.ask_in(machine))[1])["jti"] for _ in range(5)}
        self.assertEqual(len(jtis), 5)

    def test_run_ends_with_the_programs_code_and_passes_its_output_on(self):
        done = self.run_machine("acme-rs256", "sh", "-c", "echo out; echo err >&2; exit 7")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "out\n", "err\n"))

    def test_an_audience_outside_the_policy_is_refused(self):
        done = self.run_machine("acme-rs256", *ASK, '{"aud":"other"}', "-w", "%{http_code}", options=["--aud", "vault"])
        self.assertIn("not allowed", done.stdout)
        self.assertTrue(done.stdout.endswith("403"), done.stdout)

    def test_a_role_outside_the_policy_is_refused(self):
        body = '{"aws_role_arn":"arn:aws:iam::123456789012:role/admin"}'
        done = self.run_machine("acme-rs256", *ASK, body, "-w", "%{http_code}")
        self.assertTrue(done.stdout.endswith("403"), done.stdout)

    def test_aws_role_arn_alone_makes_the_file_and_the_variables_before_the_workload_starts(self):
        done = self.run_machine("acme-rs256", "sh", "-c",
                                "cat $AWS_WEB_IDENTITY_TOKEN_FILE; echo; echo $AWS_ROLE_SESSION_NAME",
                                options=["-e", "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r"])
        self.assertEqual(done.returncode, 0, done.stderr)
        token, session = done.stdout.splitlines()
        claims = dict(decode(token)[1])
        self.assertEqual(claims["aud"], "sts.amazonaws.com")
        self.assertEqual(session, f"web@{claims['machine_id']}")

    def test_an_app_subject_leaves_the_machine_out(self):
        done = self.run_machine("acme-rs256", *ASK, "{}", options=["--subject", "app"])
        self.assertEqual(dict(decode(done.stdout)[1])["sub"], "acme-rs256:web")

    def test_a_stopped_organization_has_no_tokens_and_a_resumed_one_has(self):
        self.ctl("org", "create", "pausing")
        self.ctl("app", "create", "pausing/web")
        machine = self.start_machine("pausing", "sleep", "60")
        self.ctl("org", "stop", "pausing")
        self.assertIn("organization: stopped", self.ask_in(machine))
        self.ctl("org", "resume", "pausing")
        self.assertEqual(self.ask_in(machine).count("."), 2)

    def test_an_update_changes_the_version_in_tokens_and_the_old_boot_keeps_its_own(self):
        # The old boot takes a second to end, and asks all the while; the new one asks once.
        old = ("trap 'for i in 1 2 3 4 5; do " + " ".join(ASK) + " {}; echo; sleep 0.2; done; exit 0' INT; "
               "while :; do sleep 0.05; done")
        machine = self.start_machine("acme-rs256", "sh", "-c", old, options=["--name", "updated"])
        first = self.machine(machine)
        version = self.ctl("machine", "update", machine, "host", "--", "sleep", "60").strip()
        self.assertNotEqual(version, first["version"])
        wait_until(lambda: self.machine(machine)["boot"]["version"] == version, "the new version's boot")
        self.ctl("machine", "wait", machine, "--state", "started", "-t", "20")
        now = dict(decode(self.ask_in(machine))[1])
        self.assertEqual(now["machine_version"], version)
        log = f"{self.fleet.state['run_dir']}/m/{machine}/b/{first['boot']['boot_id']}/stdout.log"
        with open(log, encoding="ascii") as lines:
            tokens = [line.strip() for line in lines if line.count(".") == 2]
        self.assertGreater(len(tokens), 0)
        for token in tokens:
            self.assertEqual(dict(decode(token)[1])["machine_version"], first["version"])

    def test_a_stopped_machine_is_stopped_and_listed_so(self):
        machine = self.start_machine("acme-rs256", "sleep", "60")
        self.ctl("machine", "stop", machine)
        self.ctl("machine", "wait", machine, "--state", "stopped", "-t", "20")
        self.assertEqual(self.machine(machine)["state"], "STOPPED")
        self.assertFalse(os.path.exists(f"{self.fleet.state['run_dir']}/m/{machine}/guest/api.sock"))

    def test_a_name_is_not_used_twice_and_a_destroyed_machine_keeps_it(self):
        done = self.run_machine("acme-rs256", "true", options=["--name", "only-once"])
        self.assertEqual(done.returncode, 0, done.stderr)
        again = self.run_machine("acme-rs256", "true", options=["--name", "only-once"])
        self.assertEqual(again.returncode, 4, again.stderr)
        machine = [json.loads(line) for line in self.ctl("-o", "json", "machine", "list").splitlines()
                   if '"only-once"' in line][0]["id"]
        self.ctl("machine", "destroy", machine)
        third = self.run_machine("acme-rs256", "true", options=["--name", "only-once"])
        self.assertEqual(third.returncode, 4, third.stderr)


class HttpsTest(FleetCase):
    HTTPS = True

    def test_verifiers_accept_over_https_with_the_fleets_own_ca(self):
        token = self.token("acme-rs256", '{"aud":"vault"}')
        self.assertEqual(token.count("."), 2, token)
        issuer = f"{self.fleet.issuer_base()}/acme-rs256"
        self.assertTrue(issuer.startswith("https://"))
        for verifier in ("PyJWT", "jose"):
            with self.subTest(verifier):
                self.assertEqual(self.verdict(verifier, token, issuer, "vault")[0], 0,
                                 self.verdict(verifier, token, issuer, "vault")[1])

    def test_a_renewed_certificate_is_served_without_a_restart(self):
        address = ("localhost", self.fleet.state["ports"]["issuerd"])
        before = ssl.get_server_certificate(address)
        self.ctl("pki", "issue", str(self.folder / "pki"), "issuer", "issuerd", str(self.folder / "pki" / "issuerd"),
                 "--localhost")
        wait_until(lambda: ssl.get_server_certificate(address) != before, "the renewed certificate")
        token = self.token("acme-rs256", '{"aud":"vault"}')
        self.assertEqual(self.verdict("jose", token, f"{self.fleet.issuer_base()}/acme-rs256", "vault")[0], 0)


if __name__ == "__main__":
    python_cases.main(ThreadTest, HttpsTest)
