"""How far a device has read whose library can carry one number only; what else its cursor needs is kept here for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from sync.server.actor import Actor
from sync.server.tables import device


@dataclass(frozen=True, slots=True)
class Reader:
    """`base`: what the device asked from last. `cursor`: what it was answered. `boot`: the clock when it was born empty."""

    base: int = 0
    cursor: int = 0
    boot: int = 0

    def born(self, asked: int) -> int:
        """The `boot` of a device that asks from this number. From one that we do not expect asks a device restored from a
        backup: it may hold anything, so that it must hear of all that is gone."""
        return self.boot if asked in (self.base, self.cursor) else 0


def of(connection: Connection, actor: Actor) -> Reader:
    """How far the actor's device has read; nothing is known of one on which somebody else read."""
    table = device.c
    found = connection.execute(
        select(table.pull_base, table.pull_cursor, table.boot).where(
            table.tenant_id == actor.tenant_id,
            table.device_id == actor.device_id,
            table.person_id == actor.person_id,
        )
    ).one_or_none()
    return Reader(*found) if found else Reader()


def note(connection: Connection, actor: Actor, now: Reader, schema_version: int | None) -> None:
    """Note how far the actor's device, seen before, has read."""
    values: dict[str, str | int] = {"person_id": actor.person_id, "boot": now.boot}
    values |= {"pull_base": now.base, "pull_cursor": now.cursor}
    values |= {} if schema_version is None else {"schema_version": schema_version}
    this = (device.c.tenant_id == actor.tenant_id) & (device.c.device_id == actor.device_id)
    connection.execute(update(device).where(this).values(values))
