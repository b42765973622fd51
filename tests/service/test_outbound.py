"""The way out: where it does not go, whatever is written or resolved, and when it gives up."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.outbound import ForbiddenAddress, Outbound, OutboundError, addresses_of, is_public

OURS = Outbound(development=True)
STRICT = Outbound()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Talk = Callable[[socket.socket], None]

NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::9.9.9.9",
    "::ffff:127.0.0.1",
    "::ffff:9.9.9.9",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::909:909",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "9.9.9.9",
    "172.32.0.1",
    "100.128.0.1",
    "223.255.255.255",
    "2620:fe::fe",
    "2a00:1450::1",
    "2001:4860::8888",
]
WRITTEN = [
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0x7f.1/",
    "https://0/",
    "https://localhost/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://169.254.169.254/latest",
    "https://127.0.0.1:443/",
    "https://①②⑦.0.0.1/",
    "https://user@127.0.0.1/",
]


@contextmanager
def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port on which every caller is talked to so, in a thread of her own."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def one(caller: socket.socket) -> None:
            try:
                with tls.wrap_socket(caller, server_side=True) if tls else caller as wire:
                    talk(wire)
            except OSError:
                pass

        def all_of_them() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(caller,), daemon=True).start()

        threading.Thread(target=all_of_them, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def saying(answer: bytes, heard: list[bytes] | None = None) -> Talk:
    def talk(wire: socket.socket) -> None:
        request = wire.recv(65536)
        if heard is not None:
            heard.append(request)
        wire.sendall(answer)

    return talk


def dripping(first: bytes) -> Talk:
    def talk(wire: socket.socket) -> None:
        wire.recv(65536)
        wire.sendall(first)
        while True:
            time.sleep(0.05)
            wire.sendall(b"x")

    return talk


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_of_the_open_internet(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(ForbiddenAddress):
        Outbound(resolve=lambda host, port: [address]).call("POST", "https://school.example/")
    with pytest.raises(ForbiddenAddress):  # one bad address among good ones is enough
        Outbound(resolve=lambda host, port: ["9.9.9.9", address]).call("POST", "https://school.example/")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", WRITTEN)
def test_however_it_is_written(url: str) -> None:
    with pytest.raises(OutboundError):
        STRICT.call("POST", url)


@pytest.mark.parametrize("written", ["2130706433", "0x7f000001", "017700000001", "127.1", "0"])
def test_numbers_that_the_resolver_reads_as_addresses_are_looked_at(written: str) -> None:
    assert not all(is_public(address) for address in addresses_of(written, 443))
    with pytest.raises(ForbiddenAddress):
        STRICT.call("POST", f"https://{written}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://school.example/", "ftp://school.example/", "file:///etc/passwd", "gopher://school.example/", "//school.example/",
        "https://school.example:22/", "https://school.example:8443/", "https://name:word@school.example/", "https:///path",
        "https://10.0.0.1/", "https://school.example:99999/", "", "https://" + "a" * 2000, "https://school\n.example/",
    ],
)  # fmt: skip
def test_what_could_never_be_called_is_told_before(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        STRICT.check(url)


def test_a_name_is_not_looked_up_before_it_is_called() -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError

    assert Outbound(resolve=never).check("https://school.example/hooks").host == "school.example"


def test_an_unknown_name_and_a_name_without_address() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(OutboundError, match="not known"):
        Outbound(resolve=unknown).call("POST", "https://school.example/")
    with pytest.raises(OutboundError, match="no address"):
        Outbound(resolve=lambda host, port: []).call("POST", "https://school.example/")


def test_development_opens_our_own_machine_and_nothing_else() -> None:
    with serving(saying(OK)) as port:
        assert OURS.call("POST", f"http://127.0.0.1:{port}/", content=b"{}").body == b"ok"
        with pytest.raises(ForbiddenAddress):
            STRICT.call("POST", f"http://127.0.0.1:{port}/")
    for address in ("9.9.9.9", "10.0.0.1"):
        with pytest.raises(ForbiddenAddress):
            Outbound(development=True, resolve=lambda host, port, it=address: [it]).call(
                "GET", "http://x.example:8080/"
            )
    with pytest.raises(ForbiddenAddress):
        OURS.check("http://127.0.0.1/")  # port 80


def test_a_name_is_resolved_once_and_that_address_is_called() -> None:
    """Rebinding: the name server's second answer would lead elsewhere."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    heard: list[bytes] = []
    with serving(saying(OK, heard)) as port:
        out = Outbound(development=True, resolve=lambda host, port: next(answers))
        assert out.call("POST", f"http://school.example:{port}/hooks?a=1").status == 200
        assert next(answers) == ["127.0.0.2"]
    assert heard[0].startswith(b"POST /hooks?a=1 HTTP/1.1\r\n")
    assert f"host: school.example:{port}".encode() in heard[0].lower()


def test_the_next_address_is_tried_where_one_takes_no_call() -> None:
    with serving(saying(OK)) as port:
        out = Outbound(development=True, resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"])
        assert out.call("POST", f"http://school.example:{port}/").status == 200


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    heard: list[bytes] = []
    with serving(saying(OK, heard)) as inner:
        moved = (
            f"HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with serving(saying(moved)) as port:
            assert OURS.call("POST", f"http://127.0.0.1:{port}/").status == 307
    assert heard == []


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n",
    ],
)
def test_a_slow_drip_ends_when_the_call_does(first: bytes) -> None:
    with serving(dripping(first)) as port:
        began = time.monotonic()
        with pytest.raises(OutboundError):
            OURS.call("POST", f"http://127.0.0.1:{port}/", within_s=0.5)
        assert time.monotonic() - began < 2


def test_a_silent_handshake_and_a_slow_name_server_end_when_the_call_does() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(3)
        return ["127.0.0.1"]

    with serving(lambda wire: time.sleep(3)) as port:
        for out in (OURS, Outbound(development=True, resolve=slow)):
            began = time.monotonic()
            with pytest.raises(OutboundError, match=r"within 0\.4 s"):
                out.call("POST", f"https://localhost:{port}/", within_s=0.4)
            assert time.monotonic() - began < 2


@pytest.mark.parametrize("said", [b"Content-Length: 10000000\r\n\r\n", b"\r\n"])
def test_an_answer_that_is_too_large(said: bytes) -> None:
    huge = saying(b"HTTP/1.1 200 OK\r\n" + said + b"x" * 10_000_000)
    with serving(huge) as port, pytest.raises(OutboundError, match="larger than 65536 bytes"):
        OURS.call("POST", f"http://127.0.0.1:{port}/")


def test_an_answer_that_is_no_http_or_ends_in_the_middle() -> None:
    for answer in (b"SSH-2.0-x\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"):
        with serving(saying(answer)) as port, pytest.raises(OutboundError, match="the call failed"):
            OURS.call("POST", f"http://127.0.0.1:{port}/")


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with serving(saying(OK, heard)) as proxy, serving(saying(OK)) as port:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        OURS.call("POST", f"http://127.0.0.1:{port}/")
    assert heard == []


def certificate(directory: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for a name, and a caller's that believes its certificate."""
    key, subject = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "pem"
    plain = serialization.NoEncryption()
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def test_tls_asks_for_the_name_and_refuses_a_certificate_of_another(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "school.example")
    asked: list[str | None] = []
    server.sni_callback = lambda _, name, __: asked.append(name)
    out = Outbound(development=True, trust=trust, resolve=lambda host, port: ["127.0.0.1"])
    with serving(saying(OK), server) as port:
        assert out.call("POST", f"https://school.example:{port}/").status == 200
        for host in ("other.example", "127.0.0.1"):
            with pytest.raises(OutboundError, match="certificate"):
                out.call("POST", f"https://{host}:{port}/")
        with pytest.raises(OutboundError, match="certificate"):
            Outbound(development=True, resolve=lambda host, port: ["127.0.0.1"]).call(
                "POST", f"https://school.example:{port}/"
            )
    assert asked[:2] == ["school.example", "other.example"]
