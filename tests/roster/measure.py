"""How long a large district takes: `python -m tests.roster.measure` prints seconds and memory.

25 schools, 2,500 staff, 50,000 students, 252,500 enrollments, on a PostgreSQL of its own.
"""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from sqlalchemy import make_url

from service.accounts import directory, roster_doors
from service.database import Database
from service.integrations.roster import applying, plan
from service.integrations.roster.district import Known
from service.integrations.roster.reading import read
from service.records import KINDS
from sync.clock import system_now
from sync.server.push import Door
from tests.roster.district import District
from tests.servers import Desk, admin, ask

LARGE = District(schools=25, staff=2_500, students=50_000, classes_of_each=5)
TODAY = date(2026, 11, 28)
Answer = TypeVar("Answer")


def timed(what: str, work: Callable[[], Answer]) -> Answer:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    print(f"{what}: {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} s of processor")
    return answer


def peak(district: District) -> float:
    """MiB that reading needs at most."""
    content = io.BytesIO(district.zip())
    tracemalloc.start()
    read(content, Known(), TODAY)
    most = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return most


def main() -> None:
    desk = Desk()
    server = ask("database")
    url = make_url(server["url"])
    with admin(url) as connection:
        connection.execute(f"CREATE DATABASE cw_{server['run']}_roster TEMPLATE {server['template']}")
    app = url.set(username="comewatch_rw", database=f"cw_{server['run']}_roster")
    database = Database(app.render_as_string(hide_password=False))
    try:
        measure(database)
    finally:
        database.dispose()
        desk.close()
    few, many = (peak(District(5, 100, students, 5)) for students in (1_000, 20_000))
    print(f"memory of reading 100 staff: {few:.1f} MiB with 1,000 students, {many:.1f} MiB with 20,000")


def measure(database: Database) -> None:
    with database.begin_reference() as connection:
        tenant_id = directory.create_tenant(connection, "large", "Large", system_now())
    content = io.BytesIO(LARGE.zip())
    print(f"{content.getbuffer().nbytes:,} bytes")
    for turn in ("first", "again"):
        roster, findings = timed(f"{turn}, reading", lambda: read(content, Known(), TODAY))
        assert findings.is_sound, findings.faults[:3]
        with database.begin(tenant_id) as connection:
            planned = timed(
                f"{turn}, planning",
                lambda: plan.make(connection, tenant_id, roster, roster_doors, findings),  # noqa: B023
            )
        done = timed(
            f"{turn}, applying",
            lambda: applying.apply(database, Door(KINDS), roster_doors, tenant_id, planned),  # noqa: B023
        )
        print(f"{turn}: {planned.counts}, {done.done} done, {len(done.refused)} refused")


if __name__ == "__main__":
    main()
