"""Who teaches where by enrollments.csv: lines of students are passed over before anything is kept of them."""

from __future__ import annotations

from service.integrations.roster import roles, rows
from service.integrations.roster.district import Reading
from service.integrations.roster.rows import is_gone, several
from service.integrations.roster.table import Row


class Teaching:
    """Reads enrollments into the schools of staff. A class is in its school, and over when all of its terms are."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._ended: set[str] = set()
        self._classes: dict[str, tuple[str, tuple[str, ...]]] = {}

    def run(self) -> None:
        """Take the enrollments of who works here."""
        reading = self._reading
        if reading.has("academicSessions.csv"):
            self._sessions()
        if reading.has("classes.csv"):
            for row in reading.table("classes.csv", rows.CLASSES).rows():
                self._classes[row["sourcedId"]] = (
                    row["schoolSourcedId"],
                    tuple(several(row["termSourcedIds"])),
                )
        table = reading.table("enrollments.csv", rows.ENROLLMENTS)
        held = [row for row in table.rows() if self._is_of_staff(row)]
        order = reading.order_of(row[name] for row in held for name in ("beginDate", "endDate"))
        for row in held:
            if not is_gone(row) and reading.is_now(table.file, row, order):
                self._place(table.file, row)

    def _is_of_staff(self, row: Row) -> bool:
        if roles.key(row["role"]) != roles.STUDENT and row["userSourcedId"] in self._reading.roster.people:
            return True
        self._reading.findings.leave_out("enrollments.csv: people who do not work here")
        return False

    def _sessions(self) -> None:
        table = self._reading.table("academicSessions.csv", rows.SESSIONS)
        order = self._reading.order_of(row["endDate"] for row in table.rows(telling=False))
        for row in table.rows():
            end = self._reading.date(table.file, row, "endDate", order)
            if end is not None and end < self._reading.today:
                self._ended.add(row["sourcedId"])

    def _place(self, file: str, row: Row) -> None:
        reading, name = self._reading, row["classSourcedId"]
        if name and self._classes and name not in self._classes and reading.is_full("classes.csv"):
            said = "classes.csv has no such sourcedId: correct it here, or add the class there."
            reading.findings.fault(file, row.line, "classSourcedId", said)
            return
        school, terms = self._classes.get(name, ("", ()))
        if terms and not row["endDate"] and self._ended.issuperset(terms):
            return
        if not row["schoolSourcedId"]:
            row.cells["schoolSourcedId"] = school
        reading.place(reading.roster.people[row["userSourcedId"]], file, row, "schoolSourcedId")
