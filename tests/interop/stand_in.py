#!/usr/bin/python3
"""Runs one stand-in:  stand_in.py google|entra|vault SETTINGS

SETTINGS is a JSON file: "port_file", "certificate" (null, or [file, key file]), and "arguments" of the stand-in's class.
"""
import json
import os
import sys

sys.path.insert(0, os.getcwd())

from tests.interop import entra_stand_in, google_stand_in, json_server, vault_stand_in  # noqa: E402

KINDS = {"google": google_stand_in.Google, "entra": entra_stand_in.Entra, "vault": vault_stand_in.Vault}

with open(sys.argv[2], encoding="utf-8") as file:
    settings = json.load(file)
json_server.serve(KINDS[sys.argv[1]](**settings["arguments"]).routes(), settings["port_file"], settings["certificate"])
