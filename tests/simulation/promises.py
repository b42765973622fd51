"""What must hold at any moment, whatever the network does."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.phone import Phone
from tests.simulation.server import Server
from tests.simulation.truth import as_wire
from tests.simulation.violation import demand


def check(server: Server, phones: Iterable[Phone], when: str) -> None:
    """Of the tables, and of each phone's file."""
    devices = {phone.device_id for phone in phones}
    _each_change_once(server, devices, when)
    for phone in phones:
        never = sorted(phone.ids() - server.ever_seen[phone.person])
        demand(not never, "on a phone whose person may not see it", f"{when}: {phone.name} holds {never}")


def _each_change_once(server: Server, devices: set[str], when: str) -> None:
    for (device, key), versions in server.truth.versions.items():
        ops = server.heard.ops.get((device, key), set())
        once = device not in devices or versions <= len(ops)
        demand(
            once, "a change was applied twice", f"{when}: {versions} versions of {key} by {len(ops)} changes"
        )


def phone_is_right(server: Server, phone: Phone, when: str) -> None:
    """After a whole sync a phone holds exactly what its person could see when its last page was read."""
    assert phone.expected is not None
    here, there = phone.holds(), phone.expected
    missing, left = sorted(there.keys() - here.keys()), sorted(here.keys() - there.keys())
    demand(not missing, "a phone misses a record", f"{when}: {phone.name} misses {missing}")
    demand(not left, "on a phone whose person may not see it", f"{when}: {phone.name} still holds {left}")
    stale = [key for key in there if as_wire(here[key][1]) != as_wire(there[key])]
    told = [(key, here[key][1], there[key]) for key in stale]
    demand(not stale, "a phone holds an old record", f"{when}: {phone.name}: {told}")


def numbers_are_right(server: Server, phone: Phone, when: str) -> None:
    """The numbers that a digest counts."""
    wrong = [key for key, (seq, _) in phone.holds().items() if seq != server.truth.seqs[key]]
    demand(not wrong, "a digest is wrong", f"{when}: {phone.name} holds other numbers of {wrong}")
