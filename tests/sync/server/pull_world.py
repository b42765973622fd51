"""A seeded random world: people, scopes, records that move, and phones that read when and as far as they like.

Each step is done by the engine on a real PostgreSQL and by the model in Python sets; every page, and every phone at the
end of its feed, is compared.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection, insert

from schemas.problems import Refused
from service.database import Database
from sync.changes import Change, Status
from sync.clock import system_now
from sync.cursor import Cursor
from sync.server import feed, ledger, purge, restore, sequence, tables
from sync.server.actor import Actor, system_actor
from sync.server.filing import Filing
from sync.server.kind import Grant
from sync.server.push import Door
from sync.server.stage import Stage
from tests.sync.server import both_pulls
from tests.sync.server.model import DifferenceError, Key, Phone, Said, Truth
from tests.sync.server.shelves import KINDS

PERSONS = ("person-ann", "person-bob", "person-eve")
ROOMS = tuple(f"room-number-{n}" for n in range(4))
SHELVES: tuple[Key, ...] = tuple(("shelves", f"shelf-{n:04}") for n in range(5))
BOOKS: tuple[Key, ...] = tuple(("books", f"book-{n:04}") for n in range(14))
BOTH = ("shelves", "books")
STEPS = 50


class PullWorld:
    """One world, told by its seed alone."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database, self.seed, self.tenant = database, seed, uuid4()
        self.random, self.truth, self.tally = random.Random(seed), Truth(), Counter[str]()
        self.door, self.history = Door(KINDS), [f"world {seed}"]
        self.writes = self.versions = 0
        self.phones: list[Phone] = []
        self.backups: list[Phone] = []

    def run(self) -> Counter[str]:
        """Live through the world; raises DifferenceError with the whole history where the engine errs."""
        try:
            self._begin()
            writing, reading = (self._file, self._push, self._purge), (self._pull, self._new_phone)
            rare = (self._backup, self._restore, self._new_life)
            weights = (32, 8, 3, 50, 4, 4, 4, 1)
            for step in self.random.choices((*writing, *reading, *rare), weights, k=STEPS):
                step()
            with self.database.begin(self.tenant) as connection:
                for phone in self.phones:
                    self._pull_pages(connection, phone, limit=self.random.choice((2, 7, 100)), pages=10_000)
        except DifferenceError as difference:
            raise DifferenceError("\n".join([*self.history, f"DIFFERENCE: {difference}"])) from None
        return self.tally

    def _tell(self, line: str) -> None:
        self.history.append(line)

    def _begin(self) -> None:
        """Some are in some rooms already, each person in her own, and each has two phones."""
        with self.database.begin(self.tenant) as connection:
            stage = self._stage(connection)
            for person in PERSONS:
                self._grant(Filing(stage), person, person, active=True)
                self._grant(Filing(stage), person, self.random.choice(ROOMS), active=True)
            ledger.store(stage)
        for person in PERSONS * 2:
            self._add_phone(person)

    # writing, straight into the files

    def _stage(self, connection: Connection) -> Stage:
        return Stage(connection, KINDS, sequence.lock(connection, self.tenant), system_now())

    def _file(self) -> None:
        """One to six writes, grants and revocations in one transaction."""
        acts = (
            self._file_shelf,
            self._file_book,
            self._file_delete,
            self._file_grant,
            self._file_flutter,
            self._file_telling,
        )
        with self.database.begin(self.tenant) as connection:
            stage = self._stage(connection)
            stage.load(SHELVES + BOOKS)
            filing = Filing(stage)
            for act in self.random.choices(acts, weights=(5, 10, 3, 4, 1, 1), k=self.random.randint(1, 6)):
                act(filing)
            ledger.store(stage)
        self.writes += 1

    def _file_shelf(self, filing: Filing) -> None:
        self._write(filing, self.random.choice(SHELVES), self._shelf())

    def _file_book(self, filing: Filing) -> None:
        shelves = [key for key in SHELVES if key in self.truth.records]  # there now, or once
        if not shelves:
            return
        key = self.random.choice(BOOKS)
        before = self.truth.records.get(key)
        by = before["created_by"] if before else self.random.choice(PERSONS)
        state = self.random.choice(("shown", "shown", "secret"))
        self._write(filing, key, self._book(self.random.choice(shelves)) | {"state": state, "created_by": by})

    def _file_delete(self, filing: Filing) -> None:
        live = self._live(SHELVES + BOOKS)
        if live:
            self._write(filing, self.random.choice(live), None)

    def _file_grant(self, filing: Filing) -> None:
        scope = self.random.choice(ROOMS)
        self._grant(filing, self.random.choice(PERSONS), scope, active=self.random.random() < 0.55)

    def _file_flutter(self, filing: Filing) -> None:
        """Out and in again (or in and out) at once."""
        person, scope = self.random.choice(PERSONS), self.random.choice(ROOMS)
        first = self.random.random() < 0.5
        self._grant(filing, person, scope, active=first)
        self._grant(filing, person, scope, active=not first)

    def _file_telling(self, filing: Filing) -> None:
        """One person is told once more what a record is to her: as it stands, or gone."""
        if self.truth.records:
            key, person = self.random.choice(sorted(self.truth.records)), self.random.choice(PERSONS)
            self._tell(f"{person} is told {key[1]} once more")
            filing.tell(person, key)

    def _write(self, filing: Filing, key: Key, record: Said | None) -> None:
        again = " again" if record and key in self.truth.records and self.truth.records[key] is None else ""
        self._tell(f"{key[1]} {'is deleted' if record is None else f'says{again} {record}'}")
        self.truth.records[key] = record
        whole = record and dict.fromkeys(KINDS[key[0]].schema.fields) | record | {"id": key[1]}
        actor = Actor(self.tenant, self.random.choice(PERSONS), "some-phone")
        filing.write(actor, key, whole, set(whole or "*"))
        self.tally["writes"] += 1

    def _grant(self, filing: Filing, person: str, scope: str, *, active: bool) -> None:
        self._tell(f"{person} {'enters' if active else 'leaves'} {scope}")
        if active:
            self.truth.members.add((person, scope))
        else:
            self.truth.members.discard((person, scope))
        filing.grant(Grant(person, scope, active))
        self.tally["grants"] += 1

    def _shelf(self) -> Said:
        self.versions += 1
        scopes = sorted(self.random.sample(ROOMS, self.random.choice((0, 1, 1, 2, 3))))
        return {"label": f"v{self.versions}", "scopes": scopes}

    def _book(self, shelf: Key) -> Said:
        self.versions += 1
        return {"title": f"v{self.versions}", "shelf_id": shelf[1]}

    def _live(self, keys: tuple[Key, ...]) -> list[Key]:
        return [key for key in keys if self.truth.records.get(key) is not None]

    # writing, through the door

    def _push(self) -> None:
        """One to eight changes by the system, which sees everything."""
        changes = [change for _ in range(self.random.randint(1, 8)) if (change := self._change())]
        with self.database.begin(self.tenant) as connection:
            outcomes = self.door.push(connection, system_actor(self.tenant), changes)
        if any(outcome.status is not Status.APPLIED for outcome in outcomes):
            raise DifferenceError(f"the door did not apply all: {outcomes}")
        self.writes += 1

    def _change(self) -> Change | None:
        key = self.random.choice(SHELVES + BOOKS)
        before, shelves = self.truth.records.get(key), self._live(SHELVES)
        if before is None and (key in self.truth.records or (key in BOOKS and not shelves)):
            return None  # nothing deleted comes back through the door, and a book needs a shelf
        if before is not None and self.random.random() < 0.15:
            return self._said_at_the_door(key, before, None)
        if key in SHELVES:
            return self._said_at_the_door(key, before, self._shelf())
        if not shelves:
            return None
        fresh = {"state": "shown", "created_by": "system"} if before is None else {}
        return self._said_at_the_door(
            key, before, (before or {}) | fresh | self._book(self.random.choice(shelves))
        )

    def _said_at_the_door(self, key: Key, before: Said | None, record: Said | None) -> Change:
        self._tell(f"at the door {key[1]} {'is deleted' if record is None else f'says {record}'}")
        self.truth.records[key] = record
        self.tally["writes"] += 1
        fields = {name: value for name, value in (record or {}).items() if name != "created_by"}
        op_id = f"op-{self.tally['writes']}"
        return Change(op_id, *key, fields, deleted=record is None, base_fields=before)

    # what time takes away

    def _purge(self) -> None:
        """Tombstones go, up to some number that was given out half a year ago."""
        with self.database.begin(self.tenant) as connection:
            old = self.random.randint(0, sequence.read(connection, self.tenant).seq)
            now = system_now() + timedelta(days=181 * (self.tally["purges"] + 1))
            connection.execute(
                insert(tables.mark).values(tenant_id=self.tenant, at=now - timedelta(days=181), seq=old)
            )
            purge.raise_horizon(connection, self.tenant, now)
            purge.tombstones(connection, self.tenant)
            self._tell(f"tombstones are purged below {sequence.read(connection, self.tenant).horizon}")
        self.tally["purges"] += 1

    def _new_life(self) -> None:
        with self.database.begin(self.tenant) as connection:
            life = restore.begin_new_life(connection, self.tenant, system_now())
        self._tell(f"a new life begins: {life}")

    # reading

    def _pull(self) -> None:
        """Some phones read some pages; some answers get lost."""
        with self.database.begin(self.tenant) as connection:
            for phone in self.random.sample(self.phones, self.random.randint(1, 4)):
                limit = self.random.choice((1, 2, 3, 5, 8, 100))
                self._pull_pages(connection, phone, limit, pages=self.random.choice((1, 1, 2, 3, 10_000)))

    def _pull_pages(self, connection: Connection, phone: Phone, limit: int, pages: int) -> None:
        seen = self.truth.seen_by(phone.person)
        actor = Actor(self.tenant, phone.person, phone.name)
        for _ in range(pages):
            page = self._page(connection, actor, phone, limit)
            phone.born = self.writes if phone.cursor.seq == 0 else phone.born
            self._tell(f"{phone.name} at {phone.cursor.seq} reads {limit}: {_brief(page)}")
            phone.check(page, limit, seen, self.writes)
            self.tally.update(
                pages=1, rows=len(page.rows), tombstones=sum(not row.visible for row in page.rows)
            )
            if self.random.random() < 0.1:
                self._tell("which was lost on the way")
                return
            phone.take(page)
            if not page.more:
                self._compare(connection, actor, phone, seen)
                return

    def _page(self, connection: Connection, actor: Actor, phone: Phone, limit: int) -> both_pulls.Page:
        """The next page; a phone that comes too late throws all away and begins again."""
        try:
            return both_pulls.pull(connection, actor, phone.collections, phone.cursor, limit)
        except Refused as refused:
            now = sequence.read(connection, self.tenant)
            if phone.cursor.epoch == now.epoch and max(phone.cursor.seq, phone.cursor.boot) >= now.horizon:
                raise DifferenceError(f"{phone.name} at {phone.cursor} was sent away: {refused}") from None
            self._tell(f"{phone.name} at {phone.cursor.seq} must begin again")
            phone.cursor, phone.rows = Cursor(), {}
            self.tally["resets"] += 1
            return both_pulls.pull(connection, actor, phone.collections, phone.cursor, limit)

    def _compare(self, connection: Connection, actor: Actor, phone: Phone, seen: dict[Key, Said]) -> None:
        phone.compare(seen)
        self.tally["comparisons"] += 1
        for collection in phone.collections if self.tally["comparisons"] % 3 == 0 else ():
            told, here = feed.digest(connection, actor, collection), phone.digest(collection)
            if (told.count, told.digest) != here:
                raise DifferenceError(f"the digest of {collection} is {told}, here {here}")
            self.tally["digests"] += 1

    # phones

    def _add_phone(self, person: str) -> None:
        collections = self.random.choice((BOTH, BOTH, ("books",), ("shelves",)))
        self.phones.append(Phone(f"phone-{len(self.phones)} of {person}", person, collections))

    def _new_phone(self) -> None:
        self._add_phone(self.random.choice(PERSONS))
        self._tell(f"{self.phones[-1].name} is new")

    def _backup(self) -> None:
        self.backups.append(copy.deepcopy(self.random.choice(self.phones)))
        self._tell(f"{self.backups[-1].name} is backed up at {self.backups[-1].cursor.seq}")

    def _restore(self) -> None:
        if self.backups:
            old = copy.deepcopy(self.random.choice(self.backups))
            self.phones = [old if phone.name == old.name else phone for phone in self.phones]
            self._tell(f"{old.name} is restored from its backup, at {old.cursor.seq}")


def _brief(page: both_pulls.Page) -> str:
    rows = " ".join(f"{'' if row.visible else '-'}{row.id}" for row in page.rows)
    return f"{rows or 'nothing'} to {page.cursor.seq}{', more' if page.more else ''}"
