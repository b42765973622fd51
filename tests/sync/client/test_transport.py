"""Requests over a bad network: what is tried again, when, and what is told to whoever waits."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from random import Random

import pytest

from sync.client import Declined, HttpNetwork, Lost, Request, Response, Unreachable
from sync.client.transport import Network, Transport
from tests.phones import LosesEvery, LossyNetwork, VirtualClock, surroundings

OK = Response(200, {}, b'{"fine": true}')


class Script:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, *answers: Response | Lost) -> None:
        self.answers, self.requests = list(answers), list[Request]()

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Lost):
            raise answer
        return answer


def transport(network: Network, clock: VirtualClock | None = None, attempts: int = 5) -> Transport:
    return Transport(network, "device-0001", surroundings(Random(1), clock), attempts=attempts)


def test_the_very_same_request_is_sent_again() -> None:
    script = Script(Lost(), Lost(), OK)
    assert transport(script).ask("POST", "/v1/sync/push", {"changes": []}, token="t") == {"fine": True}
    assert {request.body for request in script.requests} == {b'{"changes":[]}'}
    assert len(script.requests) == 3


def test_headers() -> None:
    script = Script(OK, OK)
    transport(script).ask("POST", "/v1/sync/pull", {}, token="abc")
    transport(script).ask("GET", "/v1/me")
    assert script.requests[0].headers == {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Authorization": "Bearer abc",
        "X-Device-Id": "device-0001",
        "X-Device-Time": "2026-11-21T08:00:00.000Z",
    }
    assert sorted(script.requests[1].headers) == ["Accept", "X-Device-Id", "X-Device-Time"]


def test_pauses_grow_from_one_second_to_sixty_with_jitter() -> None:
    clock = VirtualClock()
    with pytest.raises(Unreachable):
        transport(Script(*[Lost()] * 10), clock, attempts=10).ask("GET", "/v1/me")
    pauses = clock.pauses
    longest = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(pauses) == 9
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
    assert len({pause / most for pause, most in zip(pauses, longest, strict=True)}) == 9


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_that_cannot_now_is_asked_again(status: int) -> None:
    script = Script(Response(status), OK)
    assert transport(script).ask("GET", "/v1/me") == {"fine": True}


@pytest.mark.parametrize(
    ("retry_after", "slept"),
    [("7", 7), ("Sat, 21 Nov 2026 08:00:09 GMT", 9), ("soon", 1), ("", 1), ("-5", 1)],
)
def test_retry_after_is_honoured(retry_after: str, slept: float) -> None:
    clock = VirtualClock()
    transport(Script(Response(503, {"retry-after": retry_after}), OK), clock).ask("GET", "/v1/me")
    assert slept / 2 <= sum(clock.pauses) <= slept
    assert slept == 1 or sum(clock.pauses) == slept


def test_a_long_retry_after_is_told_instead_of_waited_for() -> None:
    clock = VirtualClock()
    with pytest.raises(Unreachable, match="asks to wait 3600 s") as told:
        transport(Script(Response(429, {"retry-after": "3600"})), clock).ask("GET", "/v1/me")
    assert (told.value.retry_after, clock.pauses) == (3600, [])


def test_a_refusal_is_not_tried_again() -> None:
    body = b'{"type": "/problems/not-allowed", "title": "No", "detail": "Not you."}'
    script = Script(Response(403, {}, body))
    with pytest.raises(Declined, match=r"Not you. \(not-allowed\)") as told:
        transport(script).ask("GET", "/v1/me")
    assert (told.value.status, told.value.slug, len(script.requests)) == (403, "not-allowed", 1)


def test_a_proxys_refusal_has_a_status_at_least() -> None:
    with pytest.raises(Declined, match="HTTP 413") as told:
        transport(Script(Response(413, {}, b"<html>too large"))).ask("POST", "/v1/sync/push", {})
    assert told.value.slug == ""


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {}, b"<html>Welcome to the hotel"),
        Response(302),
        Response(200, {}, b"[1]"),
        Response(200),
    ],
)
def test_a_captive_portal_is_no_answer(answer: Response) -> None:
    with pytest.raises(Unreachable, match="something else answers in the server's place"):
        transport(Script(answer, answer), attempts=2).ask("GET", "/v1/me")


def test_an_empty_answer() -> None:
    assert transport(Script(Response(204))).ask("POST", "/v1/sign-out") == {}


def test_every_fifth_answer_lost() -> None:
    inner = Script(*[OK] * 10)
    network = LosesEvery(5, inner)
    assert [transport(network).ask("GET", "/v1/me") for _ in range(8)] == [{"fine": True}] * 8
    assert (network.sent, network.lost, len(inner.requests)) == (9, 1, 9)


def test_a_lossy_network_loses_as_its_seed_says() -> None:
    inner = Script(*[OK] * 400)
    network = LossyNetwork(inner, Random(5), lose_request=0.2, lose_answer=0.2, duplicate=0.2)
    arrived = 0
    for _ in range(200):
        try:
            arrived += network.send(Request("GET", "/")) is OK
        except Lost:
            pass
    assert (arrived, len(inner.requests)) == (123, 201)


class _Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"half":')
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("X-Mixed", "Case")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page) as page:
        threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{page.server_address[1]}"
        page.shutdown()


def test_the_real_network(address: str) -> None:
    network = HttpNetwork(address, timeout=5)
    answer = network.send(Request("POST", "/echo", {"X-A": "b"}, b"body"))
    assert (answer.status, answer.headers["x-mixed"], answer.body) == (201, "Case", b"body")
    with pytest.raises(Lost):
        network.send(Request("POST", "/cut", {}, b""))
    network.close()


def test_the_real_network_where_nobody_listens() -> None:
    network = HttpNetwork("http://127.0.0.1:9", timeout=1)
    with pytest.raises(Lost):
        network.send(Request("GET", "/"))
    network.close()
