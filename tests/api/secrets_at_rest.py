"""Opens the secrets of a daemon's database as a second implementation of docs/security.md says, and looks for texts in files.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import hashlib
import hmac
import json
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = "$sealed$1$"


def keys_of(folder):
    """{id: key for the cipher} of the keys of a daemon with this folder."""
    keys = {}
    with open(os.path.join(folder, "secret.keys"), encoding="ascii") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                master = base64.b64decode(line)
                derived = [hmac.new(master, b"steel seal 1 " + use, hashlib.sha256).digest() for use in (b"id", b"cipher")]
                keys[derived[0].hex()[:8]] = derived[1]
    return keys


def opened(folder, table, row, column, value):
    """The value of a column, parsed JSON, with its secrets opened."""
    keys = keys_of(folder)

    def walk(value, key):
        if isinstance(value, dict):
            return {name: walk(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, key) for inner in value]
        if not isinstance(value, str) or not value.startswith(MARK):
            return value
        ident, text = value[len(MARK):].split("$")
        sealed = base64.b64decode(text)
        place = b"".join(word.encode() + b"\0" for word in (table, row, column, key))
        return json.loads(AESGCM(keys[ident]).decrypt(sealed[:12], sealed[12:], place))

    return walk(value, "")


def forms_of(secret):
    """The bytes by which a secret can be recognized: itself, and within base64 at each of three offsets."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    forms = {raw, raw.hex().encode()}
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw)
        forms.add(text[4 if offset else 0:len(text) // 4 * 4 - 4])
    return forms


def found(secrets, data):
    """Which of the secrets (name: text) are in these bytes."""
    return sorted(name for name, secret in secrets.items() if any(form in data for form in forms_of(secret)))
