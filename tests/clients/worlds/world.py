"""One random world: two people, each with a phone on RxDB and one on WatermelonDB, and what happens to them.

Follows from its seed. Only RxDB, which syncs by itself while it has a network, may send in another order when it is lived again.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from sync.server import deadlines
from tests.clients.driver import Pool
from tests.clients.phone import Phone, Row
from tests.clients.rxdb_phones import RxdbPhone, schemas_of
from tests.clients.school import HANA, OLGA, School
from tests.clients.watermelon_phones import WatermelonPhone, schema_of
from tests.clients.worlds.watch import Watch

OLD = ("visits", "notes", "conflicts", "rejected_writes")
NEW = (*OLD, "debriefs")
ADDED = ("planned_at",)
"""What the second version of the app brings: a collection, and a field of another."""
GROUPS = ("team-north", "team-south")
GIVEN, LED, HERS = "visit-given", "visit-led-by-hana", "visit-of-olga"


class BrokenError(AssertionError):
    """A promise is broken; the world's story tells how it came to that."""


class World:
    """Its school, its phones, its story. `typed` holds every word that must be somewhere."""

    def __init__(self, school: School, rxdb: Pool, watermelon: Pool, seed: int) -> None:
        self.school, self.seed, self.numbers = school, seed, count(1)
        self.typed: set[str] = set()
        self.story: list[str] = []
        self.members: dict[str, str] = {}
        self.busy: Phone | None = None
        self.made = False
        self._furnish()
        self.watch = Watch(school)
        self.phones: dict[str, RxdbPhone | WatermelonPhone] = {}
        address = school.server
        for person, name in ((HANA, "hana"), (OLGA, "olga")):
            schemas = schemas_of(address, 0, *OLD, without=ADDED)
            self.phones[f"{name}'s RxDB"] = RxdbPhone(rxdb, school, person, schemas, limit=3)
            schema = schema_of(address, 1, *OLD, without=ADDED)
            self.phones[f"{name}'s WatermelonDB"] = WatermelonPhone(
                watermelon, school, person, schema, limit=3
            )
        for number, phone in enumerate(self.phones.values()):
            self.watch.let_in(phone)
            phone.sync()
            phone.lose(0.15, 7 * seed + number, drop=0.1)
            phone.go(online=False)

    def _furnish(self) -> None:
        """Two teams of Hana's; a visit given to one of them, one in which Olga observes, and one at Olga's."""
        put = self.school.put
        for group in GROUPS:
            put("groups", group, name=group, group_type="team", lead_id=HANA)
        put("visits", GIVEN, host_id=HANA, observer_ids=[], released_group_ids=[GROUPS[0]], state="captured")
        put("visits", LED, host_id=HANA, observer_ids=[OLGA], state="captured")
        put("visits", HERS, host_id=OLGA, observer_ids=[HANA], state="captured")
        for visit in (GIVEN, LED, HERS):
            put("debriefs", f"debrief-of-{visit}", visit_id=visit, summary="we talked")

    def word(self) -> str:
        """A word that nobody has typed before."""
        word = f"w{next(self.numbers):04}"
        self.typed.add(word)
        return word

    def put(self, collection: str, record_id: str, **fields: object) -> None:
        """The school itself writes."""
        with self.watch.aside():
            self.school.put(collection, record_id, **fields)

    def row(self, collection: str, record_id: str) -> Row:
        """A record as it stands."""
        return self.watch.truth.rows[collection][record_id]

    def tell(self, what: str | None) -> None:
        """Write the story on, and see that nothing has gone wrong."""
        self.story += [what] if what else []
        if self.watch.faults:
            raise BrokenError("; ".join(self.watch.faults))

    def come_to_rest(self) -> None:
        """Everybody has a good network, and what has waited for its parent for too long is given back."""
        for phone in self.phones.values():
            phone.lose(0)
            phone.go(online=True)
            phone.sync()
        services = self.school.services
        with self.watch.aside(), services.database.begin(self.school.tenant_id) as connection:
            later = services.now() + timedelta(days=6)
            deadlines.give_up(connection, services.door, self.school.tenant_id, later)
        for phone in [*self.phones.values()] * 2:
            phone.sync()
        self.tell("all are at rest")

    def look(self) -> None:
        """At rest: all phones are right, and every word that was typed is somewhere."""
        truth = self.watch.truth
        missing = self.typed - truth.words_now - truth.words_before
        if missing:
            raise BrokenError(f"typed, and nowhere now: {sorted(missing)}")
        for name, phone in self.phones.items():
            if wrong := phone.differences():
                raise BrokenError(f"{name} holds other than it should (here, there): {wrong}")
            if waiting := phone.waiting():
                raise BrokenError(f"{name} has not come to rest: {waiting}")

    def close(self) -> None:
        """Give the phones back."""
        for phone in self.phones.values():
            phone.close()
        self.watch.close()
