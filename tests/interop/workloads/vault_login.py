"""Logs in with a token file: what a user of hvac would write.  vault_login.py URL ROLE FILE"""
import sys

import hvac

url, role, path = sys.argv[1:]
client = hvac.Client(url=url)
with open(path, encoding="ascii") as file:
    answer = client.auth.jwt.jwt_login(role=role, jwt=file.read())
print(answer["auth"]["policies"])
