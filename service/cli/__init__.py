"""`comewatch`: what an operator does at a shell. Each command explains itself with --help.

What is asked for comes out on stdout, as words or, with --json, for a machine; what went wrong is one line on stderr.
"""

from __future__ import annotations

import click

from service.cli.apps import app
from service.cli.audit import audit
from service.cli.db import db
from service.cli.leaving import export_person, forget_person, import_person
from service.cli.mail import mail
from service.cli.media import media
from service.cli.people import person, tenant, token
from service.cli.providers import provider
from service.cli.roster import roster
from service.cli.sandbox import sandbox
from service.cli.shell import OneLine


@click.group(cls=OneLine)
@click.version_option(package_name="comewatch")
def main() -> None:
    """Run Come Watch for a district.

    Every command reads its settings from the environment (docs/settings.md), or from the instance that `make run` has
    running in this directory.

    \b
    From nothing to a first teacher:
      comewatch db upgrade
      comewatch tenant create riverbend --name "Riverbend School District"
      comewatch person create ana@riverbend.example --tenant riverbend --name "Ana Ruiz" --role admin
    """


for command in (db, tenant, person, token, app, media, mail, provider, audit, roster, sandbox):
    main.add_command(command)
for command in (export_person, import_person, forget_person):
    person.add_command(command)
