"""JSON for Flask: written by orjson, read by our own parser."""

from __future__ import annotations

import json
from typing import Any

import orjson
from flask.json.provider import JSONProvider

from service.api import hardened


class Json(JSONProvider):
    """What `jsonify` and `request.json` use."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """The object as JSON; words of an asker that are not text go out escaped, as they came in."""
        try:
            return orjson.dumps(obj).decode()
        except orjson.JSONEncodeError:
            return json.dumps(obj)

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """The value of a JSON text, with all our bounds. Raises Refused."""
        body = s if isinstance(s, bytes) else s.encode("utf-8", "surrogatepass")
        return hardened.sound(hardened.parse(body))
