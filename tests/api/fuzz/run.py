"""One run: each operation of the document, each asker, both kinds of requests; what each answer broke is collected."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckContext, load_all_checks, not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import TestResponse

from tests.api.fuzz.askers import askers_of
from tests.api.fuzz.cases import MODES, cases
from tests.builders import Caller
from tests.rights.school import School


def success_is_named(ctx: CheckContext, response: Response, case: Case) -> None:
    """A good answer is one of those that the document names: what it says of every other status is a problem."""
    named = case.operation.definition.raw["responses"]
    if response.status_code < 400 and str(response.status_code) not in named:
        raise AssertionError(f"{response.status_code} is not among {', '.join(named)}.")


CHECKS = [
    success_is_named,
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PLAIN = {"Accept-Encoding": "identity"}


@dataclass
class Found:
    """What a run saw."""

    asked: Counter[str] = field(default_factory=Counter)
    """How many requests each asker made."""
    answered: Counter[int] = field(default_factory=Counter)
    """How often each status came."""
    operations: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)
    """Each fault once: what it is, and the request that showed it first."""
    cpu_s: float = 0.0

    def lines(self) -> Iterator[str]:
        """The run in a few lines."""
        asked = ", ".join(f"{who} {count}" for who, count in self.asked.items())
        yield f"{sum(self.asked.values())} requests to {len(self.operations)} operations ({asked})"
        yield "answers: " + ", ".join(f"{status}: {count}" for status, count in sorted(self.answered.items()))
        yield f"faults: {len(self.faults)}; {self.cpu_s:.0f} s of processor time"
        for what, request in sorted(self.faults.items()):
            yield f"\n{what}\n  {request}"


@dataclass
class Fuzz:
    """A school, what it is asked, and by whom."""

    app: Flask
    school: School
    examples: int
    start: int = 1
    only: str = ""
    """Only operations whose names hold this."""
    brief: bool = False
    """Each operation in one of the modes, in turn, instead of in both."""
    found: Found = field(default_factory=Found)

    def run(self, askers: tuple[str, ...]) -> Found:
        """Ask everything as each of these."""
        load_all_checks()
        began, signing = time.process_time(), askers_of(self.school)
        for number, operation in enumerate(operations(self.app)):
            if self.only in operation.label:
                self.found.operations.add(operation.label)
                modes = list(MODES.values())
                for mode in modes[number % 2 :][:1] if self.brief else modes:
                    self._ask(operation, mode, {who: Asker(self.app, signing[who]) for who in askers})
        self.found.cpu_s += time.process_time() - began
        return self.found

    def _ask(self, operation: Any, mode: GenerationMode, askers: dict[str, Asker]) -> None:
        """The same requests by each, as making one up takes longer than answering it."""

        @seed(self.start)
        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases(operation, mode, self._ids(operation.label)))
        def ask(case: Case) -> None:
            for who, asker in askers.items():
                response = asker.ask(case)
                self.found.asked[who] += 1
                self.found.answered[response.status_code] += 1
                self._check(case, response, who)

        with suppress(Unsatisfiable):  # nothing can be said against a document that says nothing
            ask()

    def _ids(self, label: str) -> list[str]:
        """Ids of records that are there: those that the path is about, if it is about some."""
        ids = self.school.ids
        about = [ids[name] for name in ids if f"/v1/{name.partition('/')[0]}/" in label]
        return sorted(about or ids.values())

    def _check(self, case: Case, response: TestResponse, who: str) -> None:
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for fault in group.exceptions:
                told = fault.message if isinstance(fault, Failure) else str(fault)
                what = f"{case.operation.label} as {who}: {response.status_code}, {fault.__class__.__name__}: {told[:300]}"
                self.found.faults.setdefault(what, f"{case.as_curl_command()[:600]} -> {response.text[:300]}")


@dataclass
class Asker:
    """Sends requests with a token, and gets a new one when it was taken away."""

    app: Flask
    sign_in: Callable[[], str]
    caller: Caller | None = None

    def ask(self, case: Case) -> TestResponse:
        """The app's answer."""
        if self.caller is None:
            self.caller = Caller(self.app.test_client(use_cookies=False), self.sign_in())
        token = self.caller.token
        response = case.call(headers=PLAIN | ({"Authorization": f"Bearer {token}"} if token else {}))
        if token and response.status_code == 401:
            self.caller = None
        return response


def operations(app: Flask) -> list[Any]:
    """Every operation of the document, as schemathesis reads it."""
    schema = schemathesis.openapi.from_wsgi("/v1/openapi.json", app)
    return [found.ok() for found in schema.get_all_operations()]
