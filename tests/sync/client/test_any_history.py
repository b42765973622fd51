"""Any history of two phones: typing, deleting, syncing over a bad network, dying at any step, restarts, a server restored.

Every word that somebody typed is one token. A token that `put` saved is on a phone (queue or refused), or the server has
it: in the record as it stands, or in a version that its writer replaced or deleted knowingly. It is nowhere else to find
than there, so whatever overwrites silently is seen. The fake server watches that an op_id has one payload.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sync.client import Client, Network, Request, Unreachable
from tests.phones import LossyNetwork, Tunnel, surroundings
from tests.sync.client.fake_server import FakeServer
from tests.sync.client.fuse import Crash, Fuse, Wired, wire

PHONES = st.sampled_from(["ana", "ben"])
VISITS = st.sampled_from([f"visit-{number:04}" for number in range(3)])
Meanwhile = Callable[[Request], None]
CHANCES = st.sampled_from([0.0, 0.3, 0.7])


class Histories(RuleBasedStateMachine):
    """Two phones of two people, one server."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="cw-"))
        self.patched = pytest.MonkeyPatch()
        self.fuse, self.server = Fuse(), FakeServer()
        self.server.codes = {"ANA": "person-ana", "BEN": "person-ben"}
        self.typed: dict[str, str] = {}  # token -> visit
        self.phones: dict[str, Client] = {}
        self.opened = 0
        wire(self.fuse, self.patched)

    def teardown(self) -> None:
        for phone in self.phones.values():
            phone.close()
        self.patched.undo()
        shutil.rmtree(self.directory)

    @initialize()
    def sign_in(self) -> None:
        for name in ("ana", "ben"):
            self.open(name)
            self.phones[name].sign_in(name.upper())

    def open(self, name: str, meanwhile: Meanwhile = lambda request: None, **losses: float) -> None:
        if name in self.phones:
            self.phones[name].close()
        self.opened += 1
        line = Tunnel(LossyNetwork(self.server, Random(self.opened), **losses), meanwhile)
        self.phones[name] = self.program(name, Wired(line, self.fuse))

    def program(self, name: str, network: Network) -> Client:
        """A program on a phone's files: its screen, or what syncs them."""
        self.opened += 1
        around = surroundings(Random(self.opened))
        files = self.directory / name
        return Client(files, network=network, surroundings=around, batch=2, page=2, attempts=2, durable=False)

    # what happens

    @rule(name=PHONES, visit=VISITS, refuse=st.booleans(), in_front=st.booleans())
    def type_a_token(self, name: str, visit: str, refuse: bool, in_front: bool) -> None:
        self.type(self.phones[name], visit, refuse, in_front)

    def type(self, phone: Client, visit: str, refuse: bool, in_front: bool) -> None:
        token = f"{'REFUSE' if refuse and len(self.typed) % 3 == 0 else 'token'}{len(self.typed)}"
        seen = phone.get("visits", visit)
        if seen is None and any(change.id == visit for change in phone.queue()):
            return  # deleted on this phone: it says so, see test_offline
        words = [*str((seen or {}).get("text") or "").split(), token]
        phone.put("visits", visit, {"text": " ".join(words[::-1] if in_front else words)})
        self.typed[token] = visit
        assert token in (phone.get("visits", visit) or {})["text"]

    @rule(name=PHONES, visit=VISITS, at=st.integers(0, 4), in_front=st.booleans(), lose_answer=CHANCES)
    def type_during_a_sync(self, name: str, visit: str, at: int, in_front: bool, lose_answer: float) -> None:
        requests = count()

        def meanwhile(request: Request) -> None:
            if next(requests) == at:
                with self.program(name, self.server) as screen:
                    self.type(screen, visit, False, in_front)

        self.open(name, meanwhile, lose_answer=lose_answer)
        with contextlib.suppress(Unreachable):
            self.phones[name].sync()
        self.open(name)

    @rule(name=PHONES, visit=VISITS)
    def delete(self, name: str, visit: str) -> None:
        phone = self.phones[name]
        for token in str((phone.get("visits", visit) or {}).get("text")).split():
            self.typed.pop(token, None)  # she saw it, and wanted it gone
        phone.delete("visits", visit)
        assert phone.get("visits", visit) is None

    @rule(name=PHONES, lose_request=CHANCES, lose_answer=CHANCES, duplicate=CHANCES)
    def sync(self, name: str, lose_request: float, lose_answer: float, duplicate: float) -> None:
        self.open(name, lose_request=lose_request, lose_answer=lose_answer, duplicate=duplicate)
        with contextlib.suppress(Unreachable):
            self.phones[name].sync()

    @rule(name=PHONES, after=st.integers(0, 12), lose_answer=CHANCES)
    def crash_in_a_sync(self, name: str, after: int, lose_answer: float) -> None:
        self.open(name, lose_answer=lose_answer)
        with contextlib.suppress(Crash, Unreachable), self.fuse.lit(after):
            self.phones[name].sync()
        self.open(name)

    @rule(name=PHONES)
    def sign_in_again(self, name: str) -> None:
        self.open(name)
        self.server.sessions.pop(self.phones[name].device_id, None)
        self.phones[name].sign_in(name.upper())

    @rule()
    def access_tokens_run_out(self) -> None:
        self.server.expire()

    @rule()
    def collect_tombstones(self) -> None:
        self.server.collect_tombstones()

    # what always holds

    @invariant()
    def no_token_is_lost(self) -> None:
        kept = set(self._words_on_the_server()) | set(self._words_on_phones())
        assert set(self.typed) <= kept

    def _words_on_the_server(self) -> Iterator[str]:
        for visit in self.server.live("visits").values():
            yield from str(visit["text"]).split()
        for change in self.server.heard:  # acknowledged, and the record was deleted since
            document = self.server.documents.get((change["collection"], change["id"]))
            if document is not None and document["record"] is None:
                yield from str(change.get("fields", {}).get("text")).split()

    def _words_on_phones(self) -> Iterator[str]:
        for phone in self.phones.values():
            texts = [change.fields.get("text") for change in phone.queue()]
            texts += [change.fields.get("text") for change in phone.refused()]
            yield from " ".join(map(str, texts)).split()

    @invariant()
    def all_agree_when_the_network_is_good(self) -> None:
        if len(self.typed) % 7 != 6:
            return
        for name in ("ana", "ben", "ana"):
            self.open(name)
            self.phones[name].sync()
        for phone in self.phones.values():
            assert phone.pending() == 0
            assert {visit["id"]: visit for visit in phone.list("visits")} == self.server.live("visits")
            assert all(comparison.equal for comparison in phone.digest_check())


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
