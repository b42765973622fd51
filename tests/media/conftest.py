"""A visit of Hana's lesson, on a real PostgreSQL and a real object store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from service.app import create_app, make_services
from service.settings import Settings
from tests.builders import services_of
from tests.media.school import OpenSchool, School
from tests.media.world import World


@pytest.fixture
def world(settings_with_s3: Settings) -> Iterator[World]:
    world = World(settings_with_s3)
    yield world
    world.database.dispose()


@pytest.fixture(scope="session")
def one_app() -> list[Flask]:
    """Describing itself takes an app longer than most tests: it is made once, and served by each test's services."""
    return []


@pytest.fixture
def open_school(one_app: list[Flask]) -> Iterator[OpenSchool]:
    def open_(settings: Settings) -> School:
        if one_app:
            make_services(settings).serve(one_app[0])
        else:
            one_app.append(create_app(settings))
        return School(one_app[0])

    yield open_
    services_of(one_app[0]).database.dispose()


@pytest.fixture
def school(open_school: OpenSchool, settings_with_s3: Settings) -> School:
    return open_school(settings_with_s3)
