"""The district's office: a job beside the phones that writes through the same door, and makes newcomers members (blocks of numbers)."""

from __future__ import annotations

import threading
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from service.records import KINDS
from sync.changes import Change
from sync.server.actor import system_actor
from sync.server.push import Door
from tests.chaos.site import Site


class Office(threading.Thread):
    """Enrols somebody every so often until stopped; what failed is tried again under the same op_id."""

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self.site, self.enrolled, self._stopped = site, list[str](), threading.Event()
        self._tenant_id = site.tenant_id()
        self.start()

    def run(self) -> None:
        """Enrol until stopped."""
        changes = _newcomer()
        while not self._stopped.wait(0.3):
            try:
                with self.site.database() as database, database.begin(self._tenant_id) as connection:
                    Door(KINDS).push(connection, system_actor(self._tenant_id), changes)
            except (SQLAlchemyError, OSError):
                continue
            self.enrolled.append(changes[0].id)
            changes = _newcomer()

    def stop(self) -> list[str]:
        """Enrol nobody any more; who was."""
        self._stopped.set()
        self.join(30)
        return self.enrolled


def _newcomer() -> list[Change]:
    person_id = f"newcomer-{uuid4()}"
    about = {"display_name": "Newcomer", "roles": ["teacher"]}
    place = {"person_id": person_id, "school_id": "school-hill", "role": "member", "state": "enrolled"}
    return [
        Change(f"enrol-{person_id}", "people", person_id, about),
        Change(f"place-{person_id}", "memberships", f"of-{person_id}", place),
    ]
