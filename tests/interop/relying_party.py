"""What every stand-in for a cloud does with a token: discovery, JWKS, signature, issuer, audience, times.

The work is PyJWT's; nothing of flyd is imported. Roots of https issuers come from SSL_CERT_FILE.
"""
import json
import time
import urllib.request

import jwt


class Refused(Exception):
    """`part`: discovery, parse, algorithm, signature, issuer, audience, time or subject; the text says what was wrong."""

    def __init__(self, part, text):
        super().__init__(text)
        self.part = part


def _discover(issuer):
    try:
        with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5) as answer:
            document = json.load(answer)
    except (OSError, ValueError) as error:
        raise Refused("discovery", f"{issuer}: {error}") from error
    if document.get("issuer") != issuer:
        raise Refused("discovery", f"the document's issuer is {document.get('issuer')}, want {issuer}")
    return document["jwks_uri"]


def verify(token, issuer, audiences, leeway=0, algorithms=("RS256",)):
    """The claims of a token of `issuer` for one of `audiences`, or Refused. `leeway`: seconds on exp, nbf and iat."""
    try:
        header = jwt.get_unverified_header(token)
        unverified = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise Refused("parse", str(error)) from error
    if header.get("alg") not in algorithms:
        raise Refused("algorithm", f"{header.get('alg')}, want {' or '.join(algorithms)}")
    if unverified.get("iss") != issuer:
        raise Refused("issuer", f"{unverified.get('iss')}, want {issuer}")
    try:
        key = jwt.PyJWKClient(_discover(issuer)).get_signing_key_from_jwt(token).key
        claims = jwt.decode(token, key, algorithms=list(algorithms), issuer=issuer, leeway=leeway,
                            options={"verify_aud": False, "require": ["iss", "sub", "aud", "exp", "iat"]})
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        raise Refused("time", f"{error} at {int(time.time())}") from error
    except jwt.PyJWTError as error:
        raise Refused("signature", str(error)) from error
    if claims["aud"] not in audiences:
        raise Refused("audience", f"[{claims['aud']}], want [{', '.join(audiences)}]")
    return claims
