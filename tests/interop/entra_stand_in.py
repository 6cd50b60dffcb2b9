"""Microsoft Entra's token endpoint, as its public reference describes it, for one app registration.

`credential` is what `flydctl -o json trust azure` printed.
"""
import secrets

from tests.interop import relying_party
from tests.interop.json_server import Answer

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Entra allows five minutes of difference between clocks.
LEEWAY = 300
CODES = {"issuer": 700211, "audience": 700212, "subject": 700213, "time": 700024, "signature": 5000820, "discovery": 90061,
         "parse": 50027, "algorithm": 5000820}


class Entra:
    def __init__(self, credential, client_id, tenant):
        self.credential, self.client_id, self.tenant = credential, client_id, tenant

    def routes(self):
        return [("GET", f"/{self.tenant}/v2.0/.well-known/openid-configuration", self.discovery),
                ("POST", f"/{self.tenant}/oauth2/v2.0/token", self.token)]

    def discovery(self, _, __, headers):
        here = f"https://{headers['Host']}/{self.tenant}"
        return {"issuer": f"{here}/v2.0", "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                "token_endpoint": f"{here}/oauth2/v2.0/token", "jwks_uri": f"{here}/discovery/v2.0/keys"}

    def token(self, _, fields, __):
        if fields.get("client_id") != self.client_id:
            raise Answer(400, self._error("unauthorized_client", 700016, f"application {fields.get('client_id')} not found"))
        if fields.get("client_assertion_type") != ASSERTION or fields.get("grant_type") != "client_credentials":
            raise Answer(400, self._error("invalid_request", 900144, "want client_credentials with an assertion"))
        try:
            claims = relying_party.verify(fields["client_assertion"], self.credential["issuer"], self.credential["audiences"], LEEWAY)
            if claims["sub"] != self.credential["subject"]:
                raise relying_party.Refused("subject", f"No matching federated identity record found for subject '{claims['sub']}'")
        except relying_party.Refused as refused:
            raise Answer(401, self._error("invalid_client", CODES[refused.part], str(refused))) from refused
        return {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": secrets.token_urlsafe(24)}

    @staticmethod
    def _error(name, code, text):
        return {"error": name, "error_description": f"AADSTS{code}: {text}", "error_codes": [code]}
