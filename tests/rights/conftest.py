"""The real app, its store, and two tenants alike in one database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from service.app import create_app
from service.settings import Settings
from sync.clock import system_now
from tests.builders import services_of
from tests.conftest import environment
from tests.rights.asking import Stage
from tests.servers import Answer

LIMITED = ("PERSON", "APP", "TENANT", "ADDRESS", "SIGN_IN", "ACCOUNT")


@pytest.fixture(scope="module")
def app(session_database_url: str, token_key: str, s3: Answer) -> Iterator[Flask]:
    """Its clock stands: whoever is signed in stays so, however long the matrix takes. Nothing is limited."""
    began = system_now()
    said = environment(session_database_url, token_key, s3)
    unlimited = {f"RATE_LIMIT_{what}": "0" for what in LIMITED}
    app = create_app(Settings.from_environment(said | unlimited), now=lambda: began)
    yield app
    services_of(app).database.dispose()


@pytest.fixture(scope="module")
def stage(app: Flask) -> Stage:
    return Stage(app)
