"""A provider that says what a test wants it to: real HTTP, real signatures, wrong words."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey


class Crooked:
    """`token` is what it answers to the next code; `said` changes what it says of itself."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.token = ""
        self.said: dict[str, Any] = {}
        self.pages: dict[str, Any] = {}
        self.forms: list[dict[str, list[str]]] = []

    def claims(self, client_id: str, nonce: str) -> dict[str, Any]:
        """Those of a good token."""
        now = int(time.time())
        about = {"iss": self.issuer, "aud": client_id, "sub": "ana-there", "nonce": nonce}
        return about | {"iat": now, "exp": now + 300}

    def sign(self, claims: dict[str, Any]) -> None:
        self.token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key, ["RS256"])

    def sign_with(self, key: RSAKey | OctKey, algorithm: str, claims: dict[str, Any]) -> None:
        self.token = jwt.encode({"alg": algorithm, "kid": "one"}, claims, key, [algorithm])

    def page(self, path: str) -> Any:
        endpoints = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }
        pages = {
            "/.well-known/openid-configuration": endpoints | self.said,
            "/jwks": {"keys": [self.key.as_dict(private=False)]},
            "/token": {"id_token": self.token, "access_token": "unused", "token_type": "Bearer"},
        }
        return (pages | self.pages)[path]


@contextmanager
def crooked() -> Iterator[Crooked]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    provider = Crooked(server.server_port)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(provider.page(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.forms.append(parse_qs(form))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()
