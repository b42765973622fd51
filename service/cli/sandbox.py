"""`comewatch sandbox`: a place where the maker of an app breaks nothing."""

from __future__ import annotations

import click

from service.cli.shell import as_json, open_database, say


@click.command()
@click.argument("name")
@as_json
def sandbox(name: str, as_json: bool) -> None:
    """Make a tenant `sandbox-NAME` to try an app in, and print the codes by which one signs in as its people.

    It has a host, an observer and an administrator, an open door for tomorrow, and a visit with a shared note.

    \b
    Example:
      comewatch sandbox my-app
    """
    from service.accounts import sandbox as sandboxes
    from service.records import KINDS
    from sync.clock import system_now
    from sync.server.push import Door

    with open_database() as database:
        made = sandboxes.make(database, Door(KINDS), name, system_now())
    found = {first: {"person_id": who, "code": code} for first, (who, code) in made.people.items()}
    lines = [f"{made.address(first)}\t{one['code']}" for first, one in found.items()]
    say(
        {"tenant": made.slug, "people": found},
        as_json,
        "\n".join([f"{made.slug} is made. Codes, for seven days, each worth one sign-in:", *lines]),
    )
