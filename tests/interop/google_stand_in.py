"""Google's security token service, IAM credentials and one bucket, as their public references describe them.

`provider` is what `flydctl -o json trust gcp` printed; `member` the principal that may act as `account`.
"""
import re
import secrets

from tests.interop import relying_party
from tests.interop.json_server import Answer

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
# Google's words for what relying_party refuses.
SAID = {"audience": "The audience in ID Token {} does not match the expected audience.",
        "issuer": "The issuer in ID Token {} does not match the expected one in config.",
        "time": "ID Token is stale to sign-in: {}",
        "signature": "Unable to verify the ID Token signature: {}",
        "discovery": "Error connecting to the given credential's issuer: {}",
        "parse": "Unable to parse the ID Token: {}",
        "algorithm": "Unable to verify the ID Token signature: {}"}


def condition_holds(text, claims):
    """The two forms that flydctl prints."""
    exact = re.fullmatch(r"assertion\.sub == '([^']*)'", text)
    if exact:
        return claims["sub"] == exact.group(1)
    begins = re.fullmatch(r"assertion\.sub\.startsWith\('([^']*)'\)", text)
    if begins is None:
        raise ValueError(f"condition: {text}, want one that flydctl prints")
    return claims["sub"].startswith(begins.group(1))


class Google:
    def __init__(self, provider, account, member, obj):
        self.provider, self.account, self.member, self.object = provider, account, member, obj
        self.principals = {}  # access token -> the principals that it stands for

    def routes(self):
        return [("POST", "/v1/token", self.exchange),
                ("POST", f"/v1/projects/-/serviceAccounts/{self.account}:generateAccessToken", self.impersonate),
                ("GET", "/storage/v1/b/", self.read)]

    def exchange(self, _, fields, __):
        name = "//iam.googleapis.com/" + self.provider["name"]
        if fields.get("grant_type") != TOKEN_EXCHANGE or fields.get("subject_token_type") != "urn:ietf:params:oauth:token-type:jwt":
            raise Answer(400, {"error": "invalid_request", "error_description": "want a token exchange of a JWT"})
        if fields.get("audience") != name:
            raise Answer(400, {"error": "invalid_target", "error_description": f"audience {fields.get('audience')}, want {name}"})
        try:
            claims = relying_party.verify(fields["subject_token"], self.provider["oidc"]["issuerUri"], (name, "https:" + name),
                                          algorithms=("RS256", "ES256"))
        except relying_party.Refused as refused:
            raise Answer(400, {"error": "invalid_grant", "error_description": SAID[refused.part].format(refused)}) from refused
        if not condition_holds(self.provider["attributeCondition"], claims):
            raise Answer(403, {"error": "unauthorized_client",
                               "error_description": "The given credential is rejected by the attribute condition."})
        return self._grant(self._principals(claims))

    def _principals(self, claims):
        pool = "//iam.googleapis.com/" + self.provider["name"].partition("/providers/")[0]
        return {f"principal:{pool}/subject/{claims['sub']}", f"principalSet:{pool}/attribute.org/{claims['org_name']}",
                f"principalSet:{pool}/attribute.app/{claims['org_name']}:{claims['app_name']}"}

    def _grant(self, principals):
        token = secrets.token_urlsafe(24)
        self.principals[token] = principals
        return {"access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer", "expires_in": 3600}

    def _caller(self, headers):
        return self.principals.get((headers.get("Authorization") or "").removeprefix("Bearer "), set())

    def impersonate(self, _, __, headers):
        if self.member not in self._caller(headers):
            raise Answer(403, {"error": {"code": 403, "status": "PERMISSION_DENIED",
                                         "message": "Permission 'iam.serviceAccounts.getAccessToken' denied"}})
        token = self._grant({f"serviceAccount:{self.account}"})["access_token"]
        return {"accessToken": token, "expireTime": "2099-01-01T00:00:00Z"}

    def read(self, _, __, headers):
        if f"serviceAccount:{self.account}" not in self._caller(headers):
            raise Answer(403, {"error": {"code": 403, "message": "storage.objects.get denied"}})
        return self.object
