"""`comewatch-client sign-in` without a code: what is said to the person while she is in her browser."""

from __future__ import annotations

import click

from sync.client.client import Client


def at_school(client: Client, address: str, name: str) -> str:
    """Sign in at the school of an address; returns the person's id."""
    schools = client.arrival.schools(address)
    if not schools:
        raise click.ClickException(f"No school has a sign-in of its own for {address}. Ask for a code.")
    begun = client.arrival.at_school(_chosen(schools)["id"], name)
    click.echo(f"Open this in a browser:\n{begun.address}", err=True)
    return client.arrival.from_school(begun, click.prompt("The code that it shows", err=True))


def by_mail(client: Client, address: str, name: str) -> str:
    """Sign in by a link that is mailed to the address; returns the person's id."""
    begun = client.arrival.by_mail(address, name)
    click.echo(f"If {address} is somebody's here, a link is on its way there.", err=True)
    return client.arrival.from_mail(begun, click.prompt("The link in the mail", err=True))


def _chosen(schools: list[dict[str, str]]) -> dict[str, str]:
    if len(schools) == 1:
        return schools[0]
    for number, school in enumerate(schools, 1):
        click.echo(f"{number}  {school['name']}", err=True)
    number = click.prompt("Which one", type=click.IntRange(1, len(schools)), err=True)
    return schools[number - 1]
