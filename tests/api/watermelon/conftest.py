"""Phones on WatermelonDB, and a debrief that two people write."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from tests.api.watermelon.phone import Phone
from tests.builders import caller, put, services_of

Make = Callable[..., Phone]


@pytest.fixture
def phone(app: Flask, tenant_id: UUID, visit_id: str) -> Callable[..., Phone]:
    """`phone(OLGA, "tablet")`: a phone of hers, empty."""

    def make(person_id: str, name: str = "phone") -> Phone:
        return Phone(caller(app, tenant_id, person_id, f"{name}-of-{person_id}"))

    return make


@pytest.fixture
def summary(app: Flask, tenant_id: UUID, visit_id: str) -> str:
    """A debrief, whose summary host and observer write together."""
    return put(
        services_of(app),
        tenant_id,
        "debriefs",
        "debrief-one",
        visit_id=visit_id,
        summary="We talked at length.",
    )
