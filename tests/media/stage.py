"""The API as it is served, over HTTP, on real servers; Olga, who observes Hana's lesson, and her phones."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from joserfc.jwk import ECKey
from sqlalchemy import make_url

from service.accounts import sign_in
from service.app import make_services
from service.dev import programs
from service.dev.ports import free_pair
from service.dev.programs import Program
from service.media.record import raw_key
from service.settings import Settings
from sync.client import Client, Surroundings
from tests.builders import make_person, make_tenant, put
from tests.conftest import environment
from tests.media.world import HANA, OLGA, VISIT, store_of
from tests.servers import Desk, admin, ask

SAID = {"visit_id": VISIT, "consent_basis": "nobody_shown"}


class Stage:
    """One school whose API runs as processes of their own; `public` is where phones find the object store, if elsewhere."""

    def __init__(self, surroundings: Mapping[str, str], place: Path, **store: str) -> None:
        self.place = place
        port = free_pair()
        self.url = f"http://127.0.0.1:{port}"
        env = {**os.environ, "LOG_LEVEL": "WARNING", **surroundings, **store, "PUBLIC_URL": self.url}
        self.services = make_services(Settings.from_environment(env))
        self.store = store_of(Settings.from_environment(surroundings))  # by the straight way
        self.tenant_id = make_tenant(self.services)
        for person_id in (HANA, OLGA):
            make_person(self.services, self.tenant_id, person_id)
        about = {"host_id": HANA, "observer_ids": [OLGA], "state": "under_way"}
        put(self.services, self.tenant_id, "visits", VISIT, **about)
        self.api: Program = programs.api("127.0.0.1", port, url=self.url, env=env, logs=place / "logs")

    def code(self, person_id: str = OLGA) -> str:
        """A code with which her phone signs in."""
        with self.services.database.begin(self.tenant_id) as connection:
            return sign_in.make_code(connection, self.tenant_id, person_id, self.services.now())

    def phone(self, name: str, surroundings: Surroundings, person_id: str = OLGA) -> Client:
        """A phone of hers, signed in."""
        phone = Client(self.place / name, self.url, surroundings=surroundings)
        phone.sign_in(self.code(person_id))
        phone.sync()
        return phone

    def raw(self, media_id: str) -> Iterator[bytes]:
        """The file in the store, as it was sent."""
        return self.store.read(raw_key(self.tenant_id, media_id))


@contextmanager
def standing(surroundings: Mapping[str, str], place: Path, **store: str) -> Iterator[Stage]:
    """A stage whose API answers."""
    stage = Stage(surroundings, place, **store)
    try:
        stage.api.start()
        yield stage
    finally:
        stage.api.stop()
        stage.services.database.dispose()


@contextmanager
def servers() -> Iterator[tuple[dict[str, str], Path]]:
    """PostgreSQL and an object store for a command, as tests have them: the environment, and a place for files."""
    with ExitStack() as stack:
        desk = Desk()
        stack.callback(desk.close)
        database, name = ask("database"), f"cw_{desk.run}_stage"
        url = make_url(database["url"])
        connection = stack.enter_context(admin(url))
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {database['template']} STRATEGY file_copy".encode()
        )
        stack.callback(connection.execute, f"DROP DATABASE {name} WITH (FORCE)".encode())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stage-")))
        key = ECKey.generate_key("P-256", private=True).as_pem(private=True).decode()
        mine = url.set(username="comewatch_rw", database=name).render_as_string(hide_password=False)
        yield environment(mine, key, ask("s3")), place
