"""What the guides promise about the clients that they print; that these work is what all other tests here are about."""

from __future__ import annotations

import pytest

from tests.clients.driver import guide

LONGEST = 60


@pytest.mark.parametrize("page", ["rxdb.md", "watermelondb.md", "uppy.md"])
def test_a_client_has_less_than_sixty_lines(page: str) -> None:
    client, *_ = guide(page)
    assert 20 < len(client.splitlines()) < LONGEST
