"""The real app behind a real socket, a school in it, and Node processes for its people's phones."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from flask import Flask

from service.app import create_app
from service.settings import Settings
from tests.builders import services_of
from tests.clients.driver import Pool, guide
from tests.clients.school import School, serving
from tests.conftest import environment


@pytest.fixture(scope="module")
def app(session_database_url: str, token_key: str) -> Iterator[Flask]:
    app = create_app(Settings.from_environment(environment(session_database_url, token_key)))
    yield app
    services_of(app).database.dispose()


@pytest.fixture(scope="module")
def server(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def school(app: Flask, server: str) -> School:
    return School(app, server)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; without it these tests are skipped here, and fail where CI is set."""
    found = shutil.which("chromium")
    if found is None and os.environ.get("CI"):
        pytest.fail("There is no chromium: .ci/run installs it.")
    if found is None:
        pytest.skip("NOT TESTED: what a browser does. Install chromium to have it tested.")
    return found


@pytest.fixture(scope="session")
def rxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Node processes with RxDB."""
    with Pool(tmp_path_factory.mktemp("rxdb"), "rxdb.mjs", "\n".join(guide("rxdb.md"))) as pool:
        yield pool


@pytest.fixture(scope="session")
def watermelon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Node processes with WatermelonDB."""
    with Pool(
        tmp_path_factory.mktemp("watermelon"), "watermelon.mjs", "\n".join(guide("watermelondb.md"))
    ) as pool:
        yield pool
