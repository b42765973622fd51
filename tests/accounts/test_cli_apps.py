"""`comewatch app`: registered, listed, approved, withdrawn; what cannot be is told in one line."""

from __future__ import annotations

import pytest

from tests.accounts.test_cli import Shell
from tests.conftest import environment

BOX = ("app", "create", "Lesson Box", "--redirect", "https://box.example/back", "--scope", "notes:read")


@pytest.fixture
def shell(database_url: str, token_key: str) -> Shell:
    shell = Shell(environment(database_url, token_key))
    shell.words("tenant", "create", "riverbend", "--name", "Riverbend")
    return shell


def test_an_app_is_made_approved_and_withdrawn(shell: Shell) -> None:
    made = shell.told(*BOX)
    client_id = made["client_id"]
    assert made["client_secret"].startswith("cws_")
    assert shell.told(*BOX, "--public")["client_secret"] is None
    assert client_id in [one["client_id"] for one in shell.told("app", "list")]
    assert made["client_secret"] not in shell.words("app", "list")
    there = (client_id, "--tenant", "riverbend")
    assert shell.words("app", "approve", *there, "--scope", "notes:read").endswith(
        "is approved in riverbend."
    )
    assert shell.told("app", "revoke", *there) == {"client_id": client_id, "revoked": True}
    assert "has not approved" in shell.refusal("app", "revoke", *there)


def test_what_cannot_be_is_told(shell: Shell) -> None:
    assert "no scope 'evaluation:read'" in shell.refusal("app", "create", "Box", "--scope", "evaluation:read")
    wild = shell.refusal("app", "create", "Box", "--scope", "profile", "--redirect", "https://*.example/")
    assert "without fragment, wildcard or user" in wild
    client_id = shell.told(*BOX)["client_id"]
    beyond = shell.refusal("app", "approve", client_id, "--tenant", "riverbend", "--scope", "media:read")
    assert "never asks for media:read" in beyond
    assert "no tenant 'nowhere'" in shell.refusal(
        "app", "approve", client_id, "--tenant", "nowhere", "--scope", "profile"
    )
