"""Reads an object of a bucket: what a user of google-auth would write.  google_read.py BASE_URL"""
import sys

import google.auth
import google.auth.transport.requests

credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/devstorage.read_only"])
session = google.auth.transport.requests.AuthorizedSession(credentials)
answer = session.get(f"{sys.argv[1]}/storage/v1/b/weather/o/forecast")
answer.raise_for_status()
print(answer.json())
