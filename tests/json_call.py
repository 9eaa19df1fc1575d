"""One call of an API that speaks JSON, for what measures or tests a service that may be away.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json


def call(port, method, path, body=None, headers=None, limit_s=120):
    """(status, parsed body) of a service on this machine; (0, None) if it does not answer. An empty answer is None."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit_s)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    except (OSError, http.client.HTTPException):
        return 0, None
    finally:
        connection.close()
