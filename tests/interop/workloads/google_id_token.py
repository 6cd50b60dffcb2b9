"""Prints an ID token: what a user of google-auth would write to call a service.  google_id_token.py AUDIENCE"""
import sys

import google.auth.transport.requests
import google.oauth2.id_token

print(google.oauth2.id_token.fetch_id_token(google.auth.transport.requests.Request(), sys.argv[1]), end="")
