"""What the fixtures promise: fresh databases, the app's own role, an S3 that answers."""

from __future__ import annotations

import urllib.error
import urllib.request

import psycopg
import pytest

from tests.servers import Answer

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_of_its_own(database_owner_url: str, turn: int) -> None:
    with psycopg.connect(database_owner_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE only_here (turn int)")


def test_the_app_logs_in_as_its_own_role(connection: Connection) -> None:
    assert connection.execute("SELECT current_user").fetchone() == ("comewatch_rw",)


def test_s3_refuses_strangers(s3: Answer) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(s3["endpoint"])
