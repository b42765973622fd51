"""Many people let in or out at once, as the district's roster says; nobody is told by mail.

A person keeps her record when she goes. What opened for her no longer does: addresses, codes, accounts at schools,
passkeys, what was on its way to her or to an app of hers, and at last her sessions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from service.accounts import one_time, sessions
from service.accounts.apps import models as app_codes
from service.accounts.models import login_address, session, sign_in_code
from service.accounts.ways import identity, passkey

LEFT = "no longer on the district's roster"
_AT_ONCE = 500


def owners(connection: Connection, addresses: Collection[str]) -> Mapping[str, tuple[UUID, str]]:
    """(tenant, person) of each of these addresses that is somebody's; the addresses are in lower case."""
    asked, found = sorted(addresses), dict[str, tuple[UUID, str]]()
    for start in range(0, len(asked), _AT_ONCE):
        named = login_address.c.address.in_(asked[start : start + _AT_ONCE])
        rows = connection.execute(select(login_address).where(named))
        found |= {row.address: (row.tenant_id, row.person_id) for row in rows}
    return found


def let_in(
    connection: Connection, tenant_id: UUID, people: Sequence[tuple[str, str, str]], now: datetime
) -> None:
    """For each (person, address, former address): the first opens from now on, the second no longer.

    An address that is somebody's stays hers.
    """
    former = [(address, person_id) for person_id, _, address in people if address]
    for address, person_id in former:
        hers = (login_address.c.tenant_id == tenant_id) & (login_address.c.person_id == person_id)
        connection.execute(delete(login_address).where(hers, login_address.c.address == address))
    rows = [
        {"address": address, "tenant_id": tenant_id, "person_id": person_id, "created_at": now}
        for person_id, address, _ in people
        if address
    ]
    if rows:
        connection.execute(insert(login_address).values(rows).on_conflict_do_nothing())


def shut_out(connection: Connection, tenant_id: UUID, person_ids: Collection[str], now: datetime) -> None:
    """Nothing opens for these people any more, on no device; what a device has not yet sent stays on it."""
    for table in (login_address, sign_in_code, identity, passkey):
        theirs = (table.c.tenant_id == tenant_id) & table.c.person_id.in_(person_ids)
        connection.execute(delete(table).where(theirs))
    one_time.void(connection, tenant_id, person_ids)
    app_codes.void(connection, tenant_id, person_ids)
    # last, as whoever holds one of those rows has opened a session by the time that it is let go
    sessions.end(connection, tenant_id, session.c.person_id.in_(person_ids), LEFT, now)
