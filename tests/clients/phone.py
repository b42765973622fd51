"""A phone of one person, whatever library keeps its records: what a test may do with it, and ask of it."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.clients.driver import Failed, Pool
from tests.clients.school import School

PHONES = count(1)
Row = dict[str, Any]
LOST = ("the request was lost", "the answer was lost")


class Phone:
    """The commands that the scripts of all libraries know."""

    def __init__(self, pool: Pool, school: School, person_id: str, **options: Any) -> None:
        self.pool, self.school, self.person_id = pool, school, person_id
        self.driver = pool.take()
        self.name = f"phone-{next(PHONES)}-of-{person_id}"
        self.token = school.token(person_id, self.name)
        self.do("open", name=self.name, server=school.server, token=self.token, **options)

    # what its person does

    def put(self, collection: str, record_id: str, **fields: Any) -> str:
        """Write as an app does: into what is there, or as a new record."""
        self.do("put", collection=collection, id=record_id, fields=fields)
        return record_id

    def put_many(self, collection: str, rows: list[Row]) -> None:
        """New records."""
        self.do("putMany", collection=collection, rows=rows)

    def edit(self, collection: str, record_id: str, **fields: Any) -> bool:
        """Write into what is there; whether it still was."""
        return bool(self.do("edit", collection=collection, id=record_id, fields=fields))

    def remove(self, collection: str, record_id: str) -> bool:
        """Delete what is there; whether it still was."""
        return bool(self.do("remove", collection=collection, id=record_id))

    def sync(self) -> None:
        """Until all is sent and read."""
        self.do("sync")

    def fails_to_sync(self) -> bool:
        """Sync, and say whether the network was in the way."""
        return self._is_cut_off("sync")

    def sync_until(self, nth: int, method: str | None = None) -> bool:
        """Begin to sync; True when the nth answer (to this method) has come and is held back, False when all was over
        before that."""
        return bool(self.do("begin", nth=nth, method=method))

    def go_on(self, *, lost: bool = False) -> bool:
        """Let the answer that is held back arrive, or get lost, and sync to the end; whether the network was in the way."""
        return self._is_cut_off("goOn", lost=lost)

    def restart(self) -> None:
        """Kill the app and start it again."""
        self.do("restart")

    def close(self) -> None:
        """Done with it; its process takes the next."""
        if self.driver.lives:
            self.do("close")
            self.pool.give_back(self.driver)

    # its network

    def go(self, *, online: bool) -> None:
        self.do("network", online=online)

    def lose(self, share: float, seed: int = 1, *, drop: float = 0.0) -> None:
        """Lose this share of the answers from now on, and of the requests the share `drop`."""
        self.do("network", lose=share, drop=drop, seed=seed)

    @property
    def lost(self) -> int:
        """How many messages were lost so far."""
        return int(self.do("lost"))

    def asked(self) -> list[str]:
        """Its requests since this was asked last."""
        return list(self.do("asked"))

    # what it holds

    @property
    def names(self) -> list[str]:
        """Its collections."""
        raise NotImplementedError

    def rows(self, collection: str) -> list[Row]:
        """What the phone holds, as its library keeps it."""
        return list(self.do("dump", collection=collection))

    def all(self, collection: str) -> dict[str, Row]:
        """What the phone holds, by id."""
        return {row["id"]: row for row in self.rows(collection)}

    def get(self, collection: str, record_id: str) -> Row | None:
        return self.all(collection).get(record_id)

    def truth(self, collection: str) -> dict[str, Row]:
        """What it should hold now, by id, as its library has it."""
        raise NotImplementedError

    def differences(self) -> dict[str, Any]:
        """What it holds otherwise than its person may see now, as (here, there); empty when it is right."""
        found: dict[str, Any] = {}
        for name in self.names:
            here, there = self.all(name), self.truth(name)
            if here != there:
                ids = sorted(here.keys() | there.keys())
                found[name] = {i: (here.get(i), there.get(i)) for i in ids if here.get(i) != there.get(i)}
        return found

    def waiting(self) -> list[str]:
        """The ids of what it has still to send, as far as its library tells."""
        return []

    def do(self, command: str, **options: Any) -> Any:
        """One command of its script."""
        return self.driver.do(command, **options)

    def _is_cut_off(self, command: str, **options: Any) -> bool:
        try:
            self.do(command, **options)
        except Failed as fault:
            if any(how in str(fault) for how in LOST):
                return True
            raise
        return False


def rest(*phones: Phone) -> None:
    """Everybody sends and reads everything; then all hold what the server would show, and nothing waits."""
    for phone in (*phones, *phones):
        phone.sync()
    for phone in phones:
        assert phone.differences() == {}
        assert phone.waiting() == []
