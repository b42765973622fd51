"""How the server in memory answers."""

from __future__ import annotations

import json
from typing import Any

from schemas.problems import Problem
from sync.client import Response


def ok(document: Any) -> Response:
    return Response(200, {"content-type": "application/json"}, json.dumps(document).encode())


def problem(which: Problem, **extra: Any) -> Response:
    body = json.dumps(which.document(**extra)).encode()
    return Response(which.status, {"content-type": "application/problem+json"}, body)
