"""`python -m tests.api.fuzz --examples 50`: many requests that nobody thought of, and what they broke."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from joserfc.jwk import ECKey
from sqlalchemy import make_url

from service.app import create_app
from service.settings import Settings
from tests.api.fuzz.askers import ASKERS
from tests.api.fuzz.run import Fuzz
from tests.conftest import environment
from tests.rights.school import School
from tests.servers import Desk, admin, ask


@contextmanager
def surroundings() -> Iterator[dict[str, str]]:
    """A PostgreSQL and an S3 for this run, as an environment of the app."""
    desk = Desk()
    try:
        server, store = ask("database"), ask("s3")
        url, name = make_url(server["url"]), f"cw_{server['run']}_fuzz"
        with admin(url) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {server['template']}".encode())
        where = url.set(username="comewatch_rw", database=name).render_as_string(hide_password=False)
        key = ECKey.generate_key("P-256", private=True).as_pem(private=True).decode()
        yield environment(where, key, store)
    finally:
        desk.close()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--examples", default=20, show_default=True, help="Requests of each kind to each operation.")
@click.option("--seed", default=1, show_default=True, help="Another one makes other requests.")
@click.option("--as", "who", multiple=True, type=click.Choice(ASKERS), help="Only as these.")
@click.option("--only", default="", help="Only operations whose names hold this, such as `POST /v1/notes`.")
def main(examples: int, seed: int, who: tuple[str, ...], only: str) -> None:
    """Ask every operation of the OpenAPI document what schemathesis makes up. Ends with 1 when an answer broke it."""
    with surroundings() as env:
        app = create_app(Settings.from_environment(env))
        found = Fuzz(app, School(app), examples, seed, only).run(who or ASKERS)
        click.echo("\n".join(found.lines()))
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
