"""What a roster says of schools and staff: `read` takes the zip and leaves everybody else in it."""

from __future__ import annotations

from datetime import date
from typing import IO

from service.integrations.roster.district import Known, Reading
from service.integrations.roster.findings import Findings, RosterError
from service.integrations.roster.package import Package
from service.integrations.roster.teaching import Teaching
from service.integrations.roster.words import Roster


def read(file: IO[bytes], known: Known, today: date, order: str | None = None) -> tuple[Roster, Findings]:
    """The roster as of `today`, and what its reader found. `order` is of dates that can be read in two ways."""
    findings = Findings()
    reading = Reading(findings, known, today, order)
    try:
        reading.run(Package(file, findings))
        if reading.has("enrollments.csv"):
            Teaching(reading).run()
    except RosterError as error:
        findings.faults.append(error.fault)
    return reading.roster, findings
