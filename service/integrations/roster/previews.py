"""Rosters that administrators send over the network: one under way in a tenant, there for a day.

reading     the zip is at the door: nobody but staff comes through (`sieve`)
planning    what came through lies in the store, and the worker holds it against what is here
ready       the preview can be looked at, and applied; `faulty`: it has to be mended, and sent anew
applying    the worker does it, step by step; then `applied`
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import ColumnElement, Connection, Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from schemas.problems import Problem, Refused
from service import jobs
from service.audit import note
from service.integrations.roster import sieve
from service.integrations.roster.district import Known
from service.integrations.roster.findings import Findings
from service.integrations.roster.plan import Plan, known_ids
from service.integrations.roster.tables import RUNNING, preview
from service.integrations.roster.telling import document
from service.integrations.roster.words import Roster
from service.media.store import Store
from sync.server.actor import Actor

PLAN, APPLY = "plan_roster", "apply_roster"
READING, PLANNING, READY, FAULTY, APPLYING, APPLIED = (
    "reading",
    "planning",
    "ready",
    "faulty",
    "applying",
    "applied",
)
LASTS = timedelta(days=1)
READING_LASTS = timedelta(minutes=10)
"""Who reads longer has died over it."""
MOST_NAMED = 200
"""Steps that a preview names; it counts all of them."""
JSON = "application/json"


def begin(connection: Connection, actor: Actor, now: datetime) -> UUID:
    """The id of a new preview. Raises Refused(ROSTER_BUSY) while another of the tenant's is under way."""
    _forget_the_dead(connection, actor.tenant_id, now)
    values: dict[str, Any] = {
        "tenant_id": actor.tenant_id,
        "id": uuid4(),
        "person_id": actor.person_id,
        "asked_at": now,
        "state": READING,
        "many_may_go": False,
    }
    numbers = dict.fromkeys(("rows_read", "done", "steps"), 0)
    begun = insert(preview).values(**values, **numbers).on_conflict_do_nothing().returning(preview.c.id)
    found: UUID | None = connection.execute(begun).scalar_one_or_none()
    if found is None:
        raise _busy()
    return found


def known(connection: Connection, tenant_id: UUID) -> Known:
    """What earlier rosters brought."""
    ids = list(known_ids(connection, tenant_id))
    schools, people = ({name for kind, name in ids if kind == wanted} for wanted in ("schools", "people"))
    return Known(schools, people)


def give_up(connection: Connection, tenant_id: UUID, preview_id: UUID) -> None:
    """Forget one that could not be read."""
    connection.execute(delete(preview).where(_this(tenant_id, preview_id)))


def put_away(store: Store, tenant_id: UUID, preview_id: UUID, roster: Roster, findings: Findings) -> None:
    """Keep what came through the sieve for the worker, where there is anything to be done with it."""
    if findings.is_sound:
        store.put(key(tenant_id, preview_id), sieve.packed(roster, findings), JSON)


def go_on(connection: Connection, tenant_id: UUID, preview_id: UUID, findings: Findings) -> Row[Any]:
    """What becomes of one that was read: the worker plans it, or its faults are told at once."""
    values: dict[str, Any] = {"state": PLANNING, "rows_read": sum(findings.rows.values())}
    if findings.is_sound:
        _enqueue(connection, PLAN, tenant_id, preview_id)
    else:
        values |= {"state": FAULTY, "told": told(Plan(), findings)}
    return change(connection, tenant_id, preview_id, **values) or find(connection, tenant_id, preview_id)


def find(connection: Connection, tenant_id: UUID, preview_id: UUID) -> Row[Any]:
    """A preview of the tenant's. Raises Refused(NOT_FOUND)."""
    asked = select(preview).where(_this(tenant_id, preview_id))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise Refused(Problem.NOT_FOUND)
    return row


def change(connection: Connection, tenant_id: UUID, preview_id: UUID, **values: Any) -> Row[Any] | None:
    """Note how far it is; None where it is gone."""
    changed = update(preview).where(_this(tenant_id, preview_id)).values(**values).returning(preview)
    return connection.execute(changed).one_or_none()


def ask_to_apply(
    connection: Connection, actor: Actor, preview_id: UUID, now: datetime, *, many_may_go: bool
) -> Row[Any]:
    """Have a preview applied; said again, nothing is done twice. Raises Refused where it cannot be."""
    row = find(connection, actor.tenant_id, preview_id)
    if row.state in (APPLYING, APPLIED):
        return row
    _demand_ready(row, many_may_go=many_may_go)
    try:
        with connection.begin_nested():
            values = {"state": APPLYING, "many_may_go": many_may_go}
            row = change(connection, actor.tenant_id, preview_id, **values) or row
    except IntegrityError:
        raise _busy() from None
    _enqueue(connection, APPLY, actor.tenant_id, preview_id)
    about: dict[str, str | int] = {"import_id": str(preview_id), "count": row.steps}
    note(connection, actor.tenant_id, actor, "roster_asked", about, now)
    return row


def _demand_ready(row: Row[Any], *, many_may_go: bool) -> None:
    if row.state == FAULTY:
        raise Refused(Problem.ILLEGAL_MOVE, "It has faults: mend them, and send the roster anew.")
    if row.state != READY:
        raise Refused(Problem.ILLEGAL_MOVE, "Its preview is not ready yet: wait until the state is `ready`.")
    told = orjson.loads(row.told)
    if told["ends_many"] and not many_may_go:
        said = f"{told['counts']['people']['ended']} people would go. Look at the preview; if it is meant, say true."
        raise Refused(Problem.INVALID_REQUEST, errors={"/many_may_go": [said]})


def told(plan: Plan, findings: Findings) -> str:
    """The preview as it is kept: of its steps the first."""
    said = document(plan, findings)
    return orjson.dumps(said | {"steps": said["steps"][:MOST_NAMED]}).decode()


def forget_old(connection: Connection, tenant_id: UUID, now: datetime) -> list[UUID]:
    """Forget previews of more than a day ago; whose files may go."""
    old = (preview.c.tenant_id == tenant_id) & (preview.c.asked_at < now - LASTS)
    return list(connection.execute(delete(preview).where(old).returning(preview.c.id)).scalars())


def key(tenant_id: UUID, preview_id: UUID) -> str:
    """Where what came through the sieve lies."""
    return f"{tenant_id}/rosters/{preview_id}.json"


def _forget_the_dead(connection: Connection, tenant_id: UUID, now: datetime) -> None:
    """Those that hold the place of others and will not end any more."""
    died = (preview.c.state == READING) & (preview.c.asked_at < now - READING_LASTS)
    late = preview.c.state.in_(RUNNING) & (preview.c.asked_at < now - LASTS)
    connection.execute(delete(preview).where(preview.c.tenant_id == tenant_id, died | late))


def _enqueue(connection: Connection, task: str, tenant_id: UUID, preview_id: UUID) -> None:
    about = {"tenant_id": str(tenant_id), "preview_id": str(preview_id)}
    jobs.enqueue(connection, task, key=f"{task}/{preview_id}", queue=jobs.LONG, **about)


def _busy() -> Refused:
    said = "Another roster of your tenant is being read or applied: wait until it is done."
    return Refused(Problem.ROSTER_BUSY, said)


def _this(tenant_id: UUID, preview_id: UUID) -> ColumnElement[bool]:
    return (preview.c.tenant_id == tenant_id) & (preview.c.id == preview_id)
