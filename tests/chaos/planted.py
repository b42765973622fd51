"""`python -m tests.chaos.planted`: `make run` with the bug that PLANTED names in its API. The promises must notice each."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import has_request_context, request

from service import database
from service.database import Begun, Database
from service.dev import programs, run
from sync.server.receipts import Receipts
from sync.server.statement import Question
from tests.chaos.wire import PUSH

LATE_S = 0.5


def answers_before_the_commit() -> None:
    """The answer to a push leaves, and the commit follows a moment later."""
    begin = Database.begin_asking

    @contextmanager
    def hasty(self: Database, tenant_id: UUID, *questions: Question) -> Iterator[Begun]:
        transaction = begin(self, tenant_id, *questions)
        if not (has_request_context() and request.path == PUSH):
            with transaction as begun:
                yield begun
            return
        begun = transaction.__enter__()
        try:
            yield begun
        except BaseException:
            transaction.__exit__(*sys.exc_info())
            raise
        threading.Timer(LATE_S, transaction.__exit__, (None, None, None)).start()

    _plant(Database, "begin_asking", hasty)


def commits_without_the_disk() -> None:
    """PostgreSQL says yes before the log is written."""
    _plant(database, "_START", f"{database._START}; SET LOCAL synchronous_commit = off")


def gives_no_receipts() -> None:
    """A change that is sent again is a new one."""
    _plant(Receipts, "rows", lambda self, now: [])


def _plant(where: object, name: str, bug: object) -> None:
    """A bug that nobody calls would prove nothing: what it replaces must be there."""
    getattr(where, name)
    setattr(where, name, bug)


PLANTS: dict[str, Callable[[], None]] = {
    "answers-before-the-commit": answers_before_the_commit,
    "commits-without-the-disk": commits_without_the_disk,
    "gives-no-receipts": gives_no_receipts,
}


def main() -> int:
    """`make run`, whose API is ours."""
    sound = programs.api

    def planted(*where: Any, **how: Any) -> programs.Program:
        program = sound(*where, **how)
        program.command.append("tests.chaos.planted_app:app")
        return program

    programs.api = planted
    return run.main()


if __name__ == "__main__":
    sys.exit(main())
