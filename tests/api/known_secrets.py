"""What a suite has told its daemon and nobody may find: in the files of the database and in the log, when the suite ends.

Whatever suites send as a secret is remembered, also where the service refuses it. Words that are too short or too common to prove anything
are not. A config drive is told as base64, or by its parts: secrets_at_rest looks for each in plain, in hexadecimal, and within base64.

SPDX-License-Identifier: Apache-2.0
"""
import contextlib
import glob
import json

import database
import secrets_at_rest

# Members of a request that are sealed where their keys say so; all else is shown to whoever may see the node.
PLACES = ("driver_info", "instance_info", "steps", "clean_steps", "deploy_steps", "service_steps", "rescue_password", "configdrive")
WORDS = ("password", "secret", "token", "passphrase", "snmp_auth_key", "snmp_priv_key", "hex_kg_key", "user_data", "configdrive")
LEAST = 10  # characters
MOST = 50  # secrets of a suite: the search must cost nothing


def is_secret(key):
    return any(word in key.lower() for word in WORDS)


def walk(value, key, into):
    if isinstance(value, dict):
        for name, member in value.items():
            walk(member, name if not is_secret(key) or key == "configdrive" else key, into)
    elif isinstance(value, list):
        for member in value:
            walk(member, key, into)
    elif isinstance(value, str) and is_secret(key) and len(value) >= LEAST and not value.startswith(("http", "******")):
        if len(into) < MOST and len(set(value)) > 4:
            into.add(value)


def note(into, path, body):
    """Adds the secrets of a request to a set; returns it."""
    changes = body if isinstance(body, list) else [{"path": "/" + name, "value": value} for name, value in body.items()] \
        if isinstance(body, dict) else []
    places = PLACES + (("properties",) if "/volume/targets" in path else ())
    for change in changes:
        words = str(change.get("path") if isinstance(change, dict) else "").strip("/").split("/")
        if words[0] in places:
            walk(change.get("value"), words[-1], into)
    return into


def left(given, folder, log_path):
    """Where some of them can be read: sentences."""
    paths = [log_path] + (glob.glob(database.file_of(folder) + "*") if database.SERVER is None else [])
    secrets = {json.dumps(secret)[:60]: secret[:300] for secret in given}
    found = []
    for path in paths if secrets else ():
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:  # of a daemon that a test has ended
            found += ["%s has the secret %s" % (path, name) for name in secrets_at_rest.found(secrets, file.read())]
    return found
