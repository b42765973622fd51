"""What can be told: for each kind that people write, that a record was made, moved to a state, or changed otherwise.

Nothing is told of a deletion: nobody may see the record then.
"""

from __future__ import annotations

from service.records import KINDS
from sync.server.kind import Kind, Write

PING = "webhooks.ping"
CREATED, UPDATED = "created", "updated"


def of_kind(kind: Kind) -> list[str]:
    """Everything that can be told of a kind's records.

    >>> of_kind(KINDS["next_steps"])[:4]
    ['next_steps.created', 'next_steps.updated', 'next_steps.tried', 'next_steps.kept']
    """
    happens = [CREATED, UPDATED, *(kind.machine.states[1:] if kind.machine else ())]
    return [f"{kind.name}.{word}" for word in dict.fromkeys(happens)]


EVENTS: tuple[str, ...] = tuple(
    name for kind in KINDS.values() if not kind.server_only for name in of_kind(kind)
)


def names_of(write: Write) -> list[str]:
    """What is told of one write, in the order in which it happened."""
    if write.after is None or KINDS[write.collection].server_only:
        return []
    reached = [state for _, state in write.moved]
    if write.before is None:
        return [f"{write.collection}.{word}" for word in (CREATED, *(reached or _born_as(write)))]
    return [f"{write.collection}.{word}" for word in reached or [UPDATED]]


def _born_as(write: Write) -> list[str]:
    """The state of a record that was born beyond the first one: a seat that was claimed on the board, say."""
    machine = KINDS[write.collection].machine
    state = write.after["state"] if machine and write.after else None
    return [state] if machine and state and state != machine.initial else []
