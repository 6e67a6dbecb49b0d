"""The OpenAPI document as a judge: what a frontend answers has to be in it, to the last field and header."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from frontend.openapi.document import EVERY_RESPONSE, METHODS, read_document, resolved

Json = dict[str, Any]

OF_HTTP_ITSELF = {
    "Allow",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Date",
    "Sec-WebSocket-Accept",
    "Server",
    "Transfer-Encoding",
    "Upgrade",
    "Vary",
}
"""Headers that need no description."""
UNKNOWN_PATH = {"404": "not_found", "405": "method_not_allowed"}
PROBLEM = "application/problem+json"


class Contract:
    """What the document allows. Each method raises AssertionError for what it does not."""

    def __init__(self) -> None:
        self.document = read_document()
        narrow_first = sorted(self.document["paths"], key=lambda path: (path.count("{"), -len(path)))
        self._paths = {
            re.compile(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(path))): path for path in narrow_first
        }

    def check(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes | None
    ) -> None:
        """Check an answer. A body of None has not been read and is not looked at."""
        where = f"{method} {path} -> {status}"
        response = self._response(method, path, str(status))
        assert response is not None, f"{where}: no such status is documented"
        self._check_headers(where, resolved(self.document, response), headers)
        content = resolved(self.document, response).get("content", {})
        if method != "HEAD" and body is not None:
            self._check_body(where, content, headers.get("Content-Type", ""), body)

    def check_message(self, message: object) -> None:
        """Check what came over a WebSocket."""
        self._check_schema("/ws", self.document["paths"]["/ws"]["get"]["x-messages"], message)

    def check_webhook(self, body: object) -> None:
        """Check what was sent to the callback_url of a job."""
        content = self.document["webhooks"]["jobEnded"]["post"]["requestBody"]["content"]
        self._check_schema("webhook", content["application/json"]["schema"], body)

    def _response(self, method: str, path: str, status: str) -> Json | None:
        known = next((known for pattern, known in self._paths.items() if pattern.fullmatch(path)), None)
        item = self.document["paths"].get(known, {})
        name = "get" if method == "HEAD" and "head" not in item else method.lower()
        if name not in METHODS or name not in item:
            return _of_no_operation(UNKNOWN_PATH[status]) if status in UNKNOWN_PATH else None
        found: Json | None = item[name]["responses"].get(status)
        return found

    def _check_headers(self, where: str, response: Json, headers: Mapping[str, str]) -> None:
        described = response.get("headers", {})
        known = {name.lower() for name in (*described, *OF_HTTP_ITSELF)}
        assert [name for name in headers if name.lower() not in known] == [], f"{where}: undocumented headers"
        for name, header in described.items():
            one = resolved(self.document, header)
            if name not in headers:
                assert not one.get("required"), f"{where}: without {name}"
            else:
                is_number = resolved(self.document, one["schema"]).get("type") == "integer"
                self._check_schema(
                    f"{where} {name}", one["schema"], int(headers[name]) if is_number else headers[name]
                )

    def _check_body(self, where: str, content: Json, content_type: str, body: bytes) -> None:
        if not content:
            assert body == b"", f"{where}: a body is not documented"
            return
        media_type = content_type.partition(";")[0]
        main = media_type.partition("/")[0]
        known = [one for one in (media_type, f"{main}/*", "*/*") if one in content]
        assert known, f"{where}: {media_type} is not documented"
        if media_type.endswith("json"):
            self._check_schema(where, content[known[0]]["schema"], json.loads(body))

    def _check_schema(self, where: str, schema: Json, value: object) -> None:
        whole = {"components": self.document["components"], "allOf": [schema]}
        validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
        wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        assert wrong == [], f"{where}: {wrong}"


def _of_no_operation(code: str) -> Json:
    """The answer where there is no such path, or not this method of it."""
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}], "properties": {"code": {"const": code}}}
    return {
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in EVERY_RESPONSE},
        "content": {PROBLEM: {"schema": schema}, "text/html": {"schema": {"type": "string"}}},
    }


CONTRACT = Contract()
