#!/usr/bin/python3
"""Unmodified google-auth, azure-identity and hvac against stand-ins that verify the token through discovery and JWKS.

What the stand-ins trust is what `flydctl -o json trust` printed for the app acme/web or a machine of it.
"""
import itertools
import json
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.interop import google_stand_in  # noqa: E402
from tests.interop.interop_case import InteropCase  # noqa: E402
from tests.interop.stand_in_process import StandIn  # noqa: E402

ACCOUNT = "weather@project.iam.gserviceaccount.com"
CLIENT, TENANT = "00000000-0000-0000-0000-00000000c11e", "tenant-1"
LATE = "+20m"  # past a token's ten minutes and every cloud's grace


class StandInsTest(InteropCase):
    PEERS = ("python-sdks",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ca = cls.opt / "ca.pem"
        cls.ca.write_bytes((cls.folder / "pki" / "ca.pem").read_bytes())
        cls.ctl("pki", "issue", str(cls.folder / "pki"), "issuer", "entra", str(cls.folder / "entra-pki"), "--localhost")
        cls.started = itertools.count()
        cls.issuer = f"{cls.fleet.issuer_base()}/acme"
        cls.google_policy = cls.policy("gcp", "acme/web", "--project-number", "12345")
        cls.google = cls.start_google()
        cls.entra = cls.start_entra()
        cls.vault = cls.start_vault()

    @classmethod
    def policy(cls, cloud, whom, *options):
        return json.loads(cls.ctl("-o", "json", "trust", cloud, whom, *options))

    @classmethod
    def start(cls, kind, arguments, **options):
        stand_in = StandIn(kind, cls.folder / f"stand-in-{next(cls.started)}", arguments, cls.ca, **options)
        cls.addClassCleanup(stand_in.stop)
        return stand_in

    @classmethod
    def start_google(cls, issuer=None, **options):
        provider = json.loads(json.dumps(cls.google_policy))
        provider["oidc"]["issuerUri"] = issuer or cls.issuer
        pool = "//iam.googleapis.com/" + provider["name"].partition("/providers/")[0]
        return cls.start("google", {"provider": provider, "account": ACCOUNT, "obj": {"forecast": "rain"},
                                    "member": f"principalSet:{pool}/attribute.app/acme:web"}, **options)

    @classmethod
    def start_entra(cls, issuer=None, **options):
        credential = cls.policy("azure", "acme/web")
        credential["issuer"] = issuer or cls.issuer
        certificate = [str(cls.folder / "entra-pki" / name) for name in ("cert.pem", "key.pem")]
        return cls.start("entra", {"credential": credential, "client_id": CLIENT, "tenant": TENANT},
                         certificate=certificate, **options)

    @classmethod
    def start_vault(cls, issuer=None, **options):
        return cls.start("vault", {"role": cls.policy("vault", "acme/web"), "name": "acme-web", "issuer": issuer or cls.issuer},
                         **options)

    # --- the SDKs, inside machines --------------------------------------------------------------------------------------

    def google_auth(self, app, stand_in=None):
        url = (stand_in or self.google).url
        there = {"GOOGLE_STS_TOKEN_URL": f"{url}/v1/token", "GOOGLE_IAM_CREDENTIALS_URL": url, "GOOGLE_CLOUD_PROJECT": "project"}
        return self.run_in(app, *self.python(self.opt / "google_read.py", url),
                           environment={"GOOGLE_WORKLOAD_IDENTITY_PROVIDER": self.google_policy["name"],
                                        "GOOGLE_SERVICE_ACCOUNT": ACCOUNT, **there})

    def azure_identity(self, app, stand_in=None, options=("--subject", "app")):
        there = {"AZURE_AUTHORITY_HOST": (stand_in or self.entra).url, "REQUESTS_CA_BUNDLE": self.ca}
        return self.run_in(app, *self.python(self.opt / "azure_token.py"), options=options,
                           environment={"AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT, **there})

    def hvac(self, app, stand_in=None, audience="vault"):
        return self.run_in(app, *self.python(self.opt / "vault_login.py", (stand_in or self.vault).url, "acme-web", "/.fly/vault_token"),
                           options=["--token-file", f"/.fly/vault_token={audience}"])

    def assert_refused(self, done, *words):
        self.assertNotEqual(done.returncode, 0, done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)

    # --- Google ----------------------------------------------------------------------------------------------------------

    def test_google_auth_reads_an_object_as_a_service_account(self):
        done = self.google_auth("acme/web")
        self.assertEqual((done.returncode, done.stdout), (0, "{'forecast': 'rain'}\n"), done.stderr)

    def test_google_refuses_another_app_by_the_attribute_condition(self):
        self.assert_refused(self.google_auth("acme/api"), "rejected by the attribute condition")

    def test_google_refuses_another_organization_by_the_issuer(self):
        self.assert_refused(self.google_auth("other/web"), "The issuer in ID Token", "/other, want")

    def test_google_refuses_an_expired_token(self):
        self.assert_refused(self.google_auth("acme/web", self.start_google(clock=LATE)), "stale to sign-in")

    def test_google_refuses_where_the_issuer_differs_by_a_slash(self):
        self.assert_refused(self.google_auth("acme/web", self.start_google(issuer=self.issuer + "/")), "The issuer in ID Token")

    def test_google_refuses_another_audience(self):
        name = "//iam.googleapis.com/" + self.google_policy["name"]
        fields = {"grant_type": google_stand_in.TOKEN_EXCHANGE, "audience": name,
                  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}
        refused = self.post(self.google.url + "/v1/token", {**fields, "subject_token": self.token_of("vault")})
        self.assertIn("The audience in ID Token [vault]", refused)
        self.assertIn("access_token", self.post(self.google.url + "/v1/token", {**fields, "subject_token": self.token_of(name)}))

    # --- Azure -----------------------------------------------------------------------------------------------------------

    def test_azure_identity_takes_a_token(self):
        done = self.azure_identity("acme/web")
        self.assertEqual((done.returncode, done.stdout), (0, "token 32\n"), done.stderr)

    def test_azure_refuses_another_app_and_a_machines_subject(self):
        self.assert_refused(self.azure_identity("acme/api"), "AADSTS700213", "'acme:api'")
        self.assert_refused(self.azure_identity("acme/web", options=["--name", "m1"]), "AADSTS700213", "'acme:web:m1'")

    def test_azure_refuses_another_organization(self):
        self.assert_refused(self.azure_identity("other/web"), "AADSTS700211")

    def test_azure_refuses_an_expired_token(self):
        self.assert_refused(self.azure_identity("acme/web", self.start_entra(clock=LATE)), "AADSTS700024")

    def test_azure_refuses_where_the_issuer_differs_by_a_slash(self):
        self.assert_refused(self.azure_identity("acme/web", self.start_entra(issuer=self.issuer + "/")), "AADSTS700211")

    def test_azure_refuses_another_audience(self):
        fields = {"client_id": CLIENT, "grant_type": "client_credentials", "scope": "x",
                  "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        self.assertIn("AADSTS700212", self.post(f"{self.entra.url}/{TENANT}/oauth2/v2.0/token",
                                                {**fields, "client_assertion": self.token_of("vault")}))

    # --- Vault -----------------------------------------------------------------------------------------------------------

    def test_hvac_logs_in(self):
        done = self.hvac("acme/web")
        self.assertEqual((done.returncode, done.stdout), (0, "['default', 'acme-web']\n"), done.stderr)

    def test_vault_refuses_another_app(self):
        self.assert_refused(self.hvac("acme/api"), 'claim "sub" does not match')

    def test_vault_refuses_another_organization(self):
        self.assert_refused(self.hvac("other/web"), "error validating token: issuer")

    def test_vault_refuses_another_audience(self):
        self.assert_refused(self.hvac("acme/web", audience="other"), "error validating token: audience: [other]")

    def test_vault_refuses_an_expired_token(self):
        self.assert_refused(self.hvac("acme/web", self.start_vault(clock=LATE)), "error validating token: time")

    def test_vault_refuses_where_the_issuer_differs_by_a_slash(self):
        self.assert_refused(self.hvac("acme/web", self.start_vault(issuer=self.issuer + "/")), "error validating token: issuer")

    def test_vault_refuses_an_altered_token(self):
        head, body, signature = self.token_of("vault").split(".")
        altered = ".".join([head, body, signature[:-6] + ("AAAAAA" if signature[-6:] != "AAAAAA" else "BBBBBB")])
        self.assertIn("signature", self.post(self.vault.url + "/v1/auth/jwt/login", json.dumps({"role": "acme-web", "jwt": altered})))

    # --- the documented requests, with tokens that no SDK would send -------------------------------------------------------

    def token_of(self, audience):
        machine = getattr(type(self), "asking", None) or self.start_in("acme/web")
        type(self).asking = machine
        return self.ask_in(machine, json.dumps({"aud": audience}))

    def start_in(self, app):
        machine = self.ctl("machine", "run", "host", "-a", app, "--detach", "--", "sleep", "600").strip()
        self.ctl("machine", "wait", machine, "--state", "started", "-t", "20")
        return machine

    def post(self, url, fields):
        """Status and body as text."""
        body = fields if isinstance(fields, str) else urllib.parse.urlencode(fields)
        kind = "application/json" if isinstance(fields, str) else "application/x-www-form-urlencoded"
        request = urllib.request.Request(url, body.encode(), {"Content-Type": kind})
        context = ssl.create_default_context(cafile=self.ca)
        try:
            with urllib.request.urlopen(request, timeout=20, context=context) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.read().decode()


if __name__ == "__main__":
    python_cases.main(StandInsTest)
