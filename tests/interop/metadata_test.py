#!/usr/bin/python3
"""Unmodified google-auth asks a machine's metadata identity endpoint, and a verifier accepts what it got."""
import os
import sys

sys.path.insert(0, os.getcwd())

from tests import python_cases  # noqa: E402
from tests.e2e.fleet_case import decode  # noqa: E402
from tests.interop.interop_case import InteropCase  # noqa: E402

AUDIENCE = "https://service.example/path?x=y z"


class MetadataTest(InteropCase):
    PEERS = ("python-sdks",)

    def id_token(self, app, *options):
        return self.run_in(app, *self.python(self.opt / "google_id_token.py", AUDIENCE), options=options)

    def test_google_auth_finds_an_id_token_of_any_audience(self):
        done = self.id_token("acme/web", "--google-metadata", "--name", "m1")
        self.assertEqual(done.returncode, 0, done.stderr)
        claims = dict(decode(done.stdout)[1])
        self.assertEqual((claims["aud"], claims["sub"]), (AUDIENCE, "acme:web:m1"))
        code, words = self.verdict("PyJWT", done.stdout, f"{self.fleet.issuer_base()}/acme", AUDIENCE)
        self.assertEqual(code, 0, words)

    def test_without_the_setting_it_finds_none(self):
        done = self.id_token("acme/web", "-e", "GCE_METADATA_DETECT_RETRIES=1", "-e", "GCE_METADATA_TIMEOUT=1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Neither metadata server or valid service account credentials are found", done.stderr)

    def test_the_placement_says_which_audiences(self):
        done = self.id_token("acme/web", "--google-metadata", "--aud", "another")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("403", done.stderr)


if __name__ == "__main__":
    python_cases.main(MetadataTest)
