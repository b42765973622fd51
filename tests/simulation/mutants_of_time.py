"""Bugs planted in what time and restores do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import Connection, delete, update

from sync.server import purge, restore, sequence
from sync.server.push import Door
from sync.server.restore import Life
from sync.server.tables import clock, entry


def tombstones_go_before_they_are_read(patch: pytest.MonkeyPatch) -> None:
    def hasty(connection: Connection, tenant_id: UUID) -> bool:
        gone = delete(entry).where(entry.c.tenant_id == tenant_id, entry.c.removed)
        return connection.execute(gone).rowcount < 0

    patch.setattr(purge, "tombstones", hasty)


def what_was_held_in_vain_is_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Door, "refuse", lambda self, connection, actor, change, problem: None)


def a_restored_server_goes_on_counting(patch: pytest.MonkeyPatch) -> None:
    def no_life(connection: Connection, tenant_id: UUID, now: datetime) -> Life:
        stands = sequence.read(connection, tenant_id)
        return Life(stands.epoch, stands.seq)

    patch.setattr(restore, "begin_new_life", no_life)


def a_new_life_believes_old_numbers(patch: pytest.MonkeyPatch) -> None:
    begin = restore.begin_new_life

    def trusting(connection: Connection, tenant_id: UUID, now: datetime) -> Life:
        before = sequence.read(connection, tenant_id)
        life = begin(connection, tenant_id, now)
        this = clock.c.tenant_id == tenant_id
        connection.execute(update(clock).where(this).values(horizon=before.horizon))
        return life

    patch.setattr(restore, "begin_new_life", trusting)


PLANTS = (
    tombstones_go_before_they_are_read,
    what_was_held_in_vain_is_dropped,
    a_restored_server_goes_on_counting,
    a_new_life_believes_old_numbers,
)
