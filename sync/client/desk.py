"""What belongs to the person who is signed in: her store, and the rooms that stand on it."""

from __future__ import annotations

from sync.changes import Record
from sync.client.answers import Answers
from sync.client.exchange import Exchange
from sync.client.outbox import Outbox, Queued, Standing
from sync.client.replica import Replica
from sync.client.reports import Progress
from sync.client.session import Session
from sync.client.store import Store
from sync.client.surroundings import Surroundings
from sync.client.transport import Transport
from sync.client.view import seen
from sync.client.written import Written


class Desk:
    """One person's replica, outbox and session on this phone."""

    def __init__(self, store: Store, transport: Transport, surroundings: Surroundings) -> None:
        self.store, self.session = store, Session(store, transport)
        self.replica, self.outbox, self.written = (
            Replica(store),
            Outbox(store, surroundings.new_id),
            Written(store),
        )
        self.answers = Answers(self.replica, self.outbox, self.written, surroundings.now)

    def base_seq(self, collection: str, record_id: str) -> int | None:
        """The number that the next edit of a record is typed on."""
        stored = self.replica.find(collection, record_id)
        return stored.base_seq if stored else None

    def everything(self, collection: str) -> list[Record]:
        """The records of a collection as a person sees them, in the order of their ids."""
        with self.store.snapshot():
            records, queued = self.replica.records(collection), self.outbox.of_collection(collection)
        typed: dict[str, list[Queued]] = {}
        for change in queued:
            typed.setdefault(change.id, []).append(change)
        shown = (
            seen(record_id, records.get(record_id), typed.get(record_id, ()))
            for record_id in sorted({*records, *typed})
        )
        return [record for record in shown if record is not None]

    def delete(self, collection: str, record_id: str) -> None:
        """Queue a deletion. A record that the server never heard of simply goes. The caller holds the transaction."""
        stored, queued = self.replica.find(collection, record_id), self.outbox.of(collection, record_id)
        known = stored is not None and stored.record is not None
        if known or queued[0].standing is not Standing.TO_SEND:
            self.outbox.write(collection, record_id, stored.base_seq if stored else None, {}, deleted=True)
        else:
            self.outbox.drop(queued[0].op_id)
            self.replica.bury()

    def exchange(self, progress: Progress, batch: int, page: int) -> Exchange:
        """A sync, ready to run."""
        return Exchange(
            self.store,
            self.session,
            self.replica,
            self.outbox,
            self.written,
            self.answers,
            progress,
            batch,
            page,
        )
