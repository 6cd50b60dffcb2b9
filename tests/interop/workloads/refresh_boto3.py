"""Reads an object, and once more when its token has been renewed: what a program that runs for long does without knowing.

refresh_boto3.py BUCKET KEY. Prints for each read the jti of the token in the file and of the one that the credentials came
from, which S3 servers like MinIO write into the session token.
"""
import base64
import json
import os
import sys
import time

import boto3


def jti(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]


def token():
    with open(os.environ["AWS_WEB_IDENTITY_TOKEN_FILE"], encoding="ascii") as file:
        return file.read()


session = boto3.Session()
client = session.client("s3")
for _ in range(2):
    held = token()
    client.get_object(Bucket=sys.argv[1], Key=sys.argv[2])["Body"].read()
    print(jti(held), jti(session.get_credentials().get_frozen_credentials().token), flush=True)
    while token() == held:
        time.sleep(0.05)
