"""Holds answers to the service's own OpenAPI document: a small JSON Schema validator, and which schema an answer must match.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import re
import urllib.parse

KNOWN = {"$ref", "type", "required", "properties", "patternProperties", "additionalProperties", "items", "enum", "anyOf",
         "format", "maxLength", "minimum", "pattern", "readOnly", "description", "contentMediaType", "contentSchema",
         "x-since", "x-complete", "x-since-of-values"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
FORMATS = {
    "uuid": re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
    "date-time": re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"),
}


class Mismatch(AssertionError):
    pass


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def minor(since):
    return int(since.split(".")[1])


class Validator:
    """Checks values against schemas of a document, as seen by a microversion."""

    def __init__(self, document, version, partial=False):
        self.schemas = document["components"]["schemas"]
        self.version, self.partial = version, partial

    def resolve(self, schema):
        while "$ref" in schema:
            name = schema["$ref"]
            assert name.startswith("#/components/schemas/"), name
            schema = self.schemas[name.rsplit("/", 1)[1]]
        return schema

    def fail(self, where, what):
        raise Mismatch("%s %s" % (where or "the answer", what))

    def check(self, value, schema, where=""):
        schema = self.resolve(schema)
        unknown = set(schema) - KNOWN
        assert not unknown, "the validator does not know %s" % unknown
        if "anyOf" in schema:
            self.check_any(value, schema["anyOf"], where)
        if "enum" in schema and value not in schema["enum"]:
            self.fail(where, "is %r, not one of %r" % (value, schema["enum"]))
        if "type" in schema:
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if not any(is_type(value, name) for name in types):
                self.fail(where, "is %.200r, not %s" % (value, " or ".join(types)))
        if isinstance(value, str):
            self.check_text(value, schema, where)
        elif is_type(value, "integer") and value < schema.get("minimum", value):
            self.fail(where, "is %d, less than %d" % (value, schema["minimum"]))
        elif isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                self.check(item, schema["items"], "%s[%d]" % (where, index))
        elif isinstance(value, dict):
            self.check_object(value, schema, where)

    def check_any(self, value, schemas, where):
        reasons = []
        for schema in schemas:
            try:
                return self.check(value, schema, where)
            except Mismatch as reason:
                reasons.append(str(reason))
        self.fail(where, "matches none of:\n  " + "\n  ".join(reasons))

    def check_text(self, value, schema, where):
        if len(value) > schema.get("maxLength", len(value)):
            self.fail(where, "has %d characters" % len(value))
        if "pattern" in schema and not re.search(schema["pattern"], value):
            self.fail(where, "is %r" % value)
        if "format" in schema and not FORMATS[schema["format"]].match(value):
            self.fail(where, "is %r, no %s" % (value, schema["format"]))
        if schema.get("contentMediaType") == "application/json":
            self.check(json.loads(value), schema["contentSchema"], where + "(text)")

    def check_object(self, value, schema, where):
        properties = schema.get("properties", {})
        required = set() if self.partial else set(schema.get("required", ()))
        if schema.get("x-complete") and not self.partial:
            required |= {name for name, row in properties.items() if minor(row.get("x-since", "1.1")) <= self.version}
        missing = required - set(value)
        if missing:
            self.fail(where, "lacks %s" % ", ".join(sorted(missing)))
        for name, member in value.items():
            self.check_member(name, member, schema, properties, "%s.%s" % (where, name))

    def check_member(self, name, member, schema, properties, where):
        row = properties.get(name)
        for pattern, candidate in schema.get("patternProperties", {}).items():
            if row is None and re.search(pattern, name):
                row = candidate
        if row is None:
            row = schema.get("additionalProperties", True)
        if row is False:
            self.fail(where, "is no property")
        if row is True:
            return
        if minor(row.get("x-since", "1.1")) > self.version:
            self.fail(where, "is there in version 1.%d" % self.version)
        self.check(member, {key: part for key, part in row.items() if key != "x-since"} if "$ref" not in row
                   else {"$ref": row["$ref"]}, where)


class Document:
    """An OpenAPI document and the routes in it."""

    def __init__(self, document):
        self.document = document
        self.routes = []
        for path, item in document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$")
            self.routes.append((path.count("{"), pattern, item))
        self.routes.sort(key=lambda route: route[0])  # literal words win over captures

    def operation(self, method, path):
        """The operation of a request, or None."""
        path = "/" + "/".join(part for part in urllib.parse.unquote(urllib.parse.urlsplit(path).path).split("/") if part)
        bare = path[:-5] if path.endswith(".json") else path  # which any path may have
        for candidate in (bare, "/v1" + bare, path, "/v1" + path):
            for _, pattern, item in self.routes:
                if pattern.match(candidate) and method.lower() in item:
                    return item[method.lower()]
        return None

    def check(self, method, path, version, status, media, body):
        """Raises Mismatch when an answer is not as the document says. `version` is minor; `body` bytes."""
        if method in ("HEAD", "OPTIONS"):
            return
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query, keep_blank_values=True))
        validator = Validator(self.document, version, partial="fields" in query)
        operation = self.operation(method, path)
        where = "%s %s -> %d" % (method, path, status)
        if operation is None:
            if status < 400:
                raise Mismatch(where + ": the document does not know this request")
            answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        else:
            answer = operation["responses"].get(str(status))
            if answer is None and status < 400:
                raise Mismatch(where + ": the document does not know this status")
            answer = answer or operation["responses"]["default"]
        content = answer.get("content")
        if not body:
            if content and status != 200:
                raise Mismatch(where + ": there should be a body")
            return
        if content is None:
            raise Mismatch("%s: there should be no body but is %r" % (where, body[:200]))
        if not any(known.split(";")[0] == (media or "").split(";")[0] for known in content):
            raise Mismatch("%s: %s instead of %s" % (where, media, list(content)))
        schema = content.get("application/json", {}).get("schema")
        if schema is not None and "json" in media:
            try:
                validator.check(json.loads(body), schema)
            except Mismatch as reason:
                raise Mismatch("%s: %s\n%.1000s" % (where, reason, body.decode("utf-8", "replace"))) from None


documents = {}  # by the daemon's program: it is the same for every life of it


def document_of(program, port):
    if program not in documents:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/v1/openapi.json")
        documents[program] = Document(json.loads(connection.getresponse().read()))
        connection.close()
    return documents[program]
