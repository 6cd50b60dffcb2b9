"""The JWT auth method of Vault, as its public API reference describes it, with one role.

`role` is what `flydctl -o json trust vault` printed; `issuer` the mount's bound_issuer.
"""
import re
import secrets

from tests.interop import relying_party
from tests.interop.json_server import Answer

# clock_skew_leeway's default.
LEEWAY = 60


def glob(pattern, value):
    """Only a star stands for other characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value) is not None


class Vault:
    def __init__(self, role, name, issuer):
        self.role, self.name, self.issuer = role, name, issuer

    def routes(self):
        # hvac logs in with POST.
        return [("POST", "/v1/auth/jwt/login", self.login)]

    def login(self, _, fields, __):
        if fields.get("role") != self.name:
            raise Answer(400, {"errors": [f'role "{fields.get("role")}" could not be found']})
        try:
            claims = relying_party.verify(fields["jwt"], self.issuer, self.role["bound_audiences"], LEEWAY)
            self._check_bounds(claims)
        except relying_party.Refused as refused:
            raise Answer(400, {"errors": [f"error validating token: {refused.part}: {refused}"]}) from refused
        return {"auth": {"client_token": secrets.token_urlsafe(24), "policies": ["default", *self.role["token_policies"]],
                         "metadata": {"role": self.name}, "lease_duration": 600, "renewable": True}}

    def _check_bounds(self, claims):
        bound = self.role.get("bound_subject")
        if bound and claims["sub"] != bound:
            raise relying_party.Refused("subject", f"sub claim does not match bound subject: {claims['sub']}")
        fits = glob if self.role.get("bound_claims_type") == "glob" else str.__eq__
        for name, pattern in self.role.get("bound_claims", {}).items():
            if not fits(pattern, claims.get(name, "")):
                raise relying_party.Refused("subject", f'claim "{name}" does not match any associated bound claim values')
