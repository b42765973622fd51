"""An administrator who sends rosters over the network, and the worker's part when the test says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from service import jobs
from service.accounts import roster_doors
from service.audit.log import audit_log
from service.integrations.roster import previews
from service.integrations.roster.running import Runner
from sync.clock import system_now
from tests.builders import Caller, caller, make_person, make_tenant, services_of
from tests.roster.district import District

ADA, HANA = "ada-the-admin", "hana-teaches"
DOOR = "/v1/admin/roster/previews"
ZIP = {"Content-Type": "application/zip"}


@dataclass
class Office:
    """A tenant's administrator, and the jobs of her rosters, done when the test says so."""

    app: Flask
    tenant_id: UUID
    ada: Caller
    hana: Caller
    mark: str
    """Of the names in its rosters: nobody else's are so called."""
    late: timedelta = timedelta(0)

    def district(self, students: int = 30, **about: Any) -> District:
        return District(students=students, mark=self.mark, **about)

    def zip(self, students: int = 30, **about: Any) -> bytes:
        return self.district(students, **about).zip()

    def now(self) -> datetime:
        return system_now() + self.late

    @property
    def runner(self) -> Runner:
        """The worker's part."""
        services = services_of(self.app)
        return Runner(services.database, services.door, roster_doors, services.store, self.now)

    def send(self, zip_: bytes, query: str = "", who: Caller | None = None) -> TestResponse:
        return (who or self.ada).call("POST", DOOR + query, data=zip_, headers=ZIP)

    def waiting(self) -> list[tuple[str, dict[str, str]]]:
        """The jobs of this tenant's rosters."""
        with services_of(self.app).database.begin(self.tenant_id) as connection:
            rows = connection.exec_driver_sql(
                "SELECT task_name, args, queue_name FROM procrastinate_jobs ORDER BY id"
            )
            found = [row for row in rows if row.args.get("tenant_id") == str(self.tenant_id)]
        assert {row.queue_name for row in found if "roster" in row.task_name} <= {jobs.LONG}
        return [(row.task_name, row.args) for row in found if "roster" in row.task_name]

    def work(self) -> None:
        """Do the jobs that wait, each twice, as a worker that died would."""
        for name, about in self.waiting():
            for _ in range(2):
                {previews.PLAN: self.runner.plan, previews.APPLY: self.runner.apply}[name](**about)

    def previewed(self, zip_: bytes, query: str = "") -> dict[str, Any]:
        sent = self.send(zip_, query)
        assert sent.status_code == 202, sent.json
        self.work()
        return self.look(sent.json["id"])

    def look(self, preview_id: str) -> Any:
        answer = self.ada.get(f"{DOOR}/{preview_id}")
        assert answer.status_code == 200, answer.json
        return answer.json

    def applied(self, preview_id: str, **said: bool) -> Any:
        answer = self.ada.post(f"{DOOR}/{preview_id}/apply", said)
        assert (answer.status_code, answer.json["state"]) == (202, "applying"), answer.json
        self.work()
        return self.look(preview_id)

    def files(self) -> list[str]:
        store = services_of(self.app).store
        return [listed.key for page in store.pages(f"{self.tenant_id}/rosters/") for listed in page]


def opened(app: Flask) -> Office:
    services, mark = services_of(app), uuid4().hex[:8]
    tenant_id = make_tenant(services, f"north-{mark}")
    make_person(services, tenant_id, ADA, "admin")
    make_person(services, tenant_id, HANA)
    return Office(app, tenant_id, caller(app, tenant_id, ADA), caller(app, tenant_id, HANA), mark)


def slug(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["type"].removeprefix("/problems/")


def acts(office: Office) -> list[tuple[str | None, str, dict[str, Any]]]:
    mine = select(audit_log).where(audit_log.c.tenant_id == office.tenant_id).order_by(audit_log.c.number)
    with services_of(office.app).database.begin(office.tenant_id) as connection:
        found = [(row.actor_id, row.act, orjson.loads(row.about)) for row in connection.execute(mine)]
    return [act for act in found if act[1].startswith("roster")]
