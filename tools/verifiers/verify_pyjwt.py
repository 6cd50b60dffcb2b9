#!/usr/bin/python3
"""PyJWT as a relying party: discovery and JWKS over HTTP, then the token.

  verify_pyjwt.py ISSUER AUDIENCE < TOKEN

Prints one JSON line, {"verifier": "PyJWT VERSION", "sub": …}; exit 1 and the reason where the token does not hold.
SSL_CERT_FILE names the roots of an https issuer with a private CA.
"""
import json
import sys
import urllib.request

import jwt


def verify(token, issuer, audience):
    with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5) as answer:
        discovery = json.load(answer)
    if discovery["issuer"] != issuer:
        raise jwt.InvalidIssuerError(f"discovery says {discovery['issuer']}, want {issuer}")
    key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(token, key.key, algorithms=discovery["id_token_signing_alg_values_supported"],
                      audience=audience, issuer=issuer, options={"require": ["exp", "iat", "nbf", "sub", "jti"]})


def main():
    issuer, audience = sys.argv[1:3]
    try:
        claims = verify(sys.stdin.read(), issuer, audience)
    except (jwt.PyJWTError, OSError, ValueError) as error:
        print(f"PyJWT: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"verifier": f"PyJWT {jwt.__version__}", "sub": claims["sub"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
