"""The operator's commands about schools' own sign-ins."""

from __future__ import annotations

from pathlib import Path

from tests.accounts.schools.crooked import crooked
from tests.accounts.test_cli import Shell, riverbend, shell

__all__ = ["riverbend", "shell"]
WHERE = ("--tenant", "riverbend")


def test_a_provider_is_added_listed_and_removed(shell: Shell, riverbend: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hush-hush\n")
    with crooked() as there:
        said = ("--name", "Riverbend", "--issuer", there.issuer, "--client-id", "comewatch")
        more = ("--client-secret-file", str(secret), "--domain", "riverbend.example")
        made = shell.told("provider", "add", *WHERE, *said, *more)
        assert made["redirect_uri"].endswith(f"/v1/sign-in/oidc/{made['id']}/callback")
        (listed,) = shell.told("provider", "list", *WHERE)
        assert (listed["id"], listed["domains"]) == (made["id"], ["riverbend.example"])
        assert listed["links_by_verified_address"] is False
        assert "riverbend.example" in shell.words("provider", "list", *WHERE)
        shell.told("tenant", "create", "east", "--name", "East")
        told = shell.refusal("provider", "add", "--tenant", "east", *said, "--domain", "riverbend.example")
        assert told.startswith("The domain riverbend.example is not this tenant's")
    assert "removed" in shell.words("provider", "remove", made["id"], *WHERE)
    assert shell.refusal("provider", "remove", made["id"], *WHERE).startswith("riverbend has no provider")
    assert shell.words("provider", "list", *WHERE) == "There is no provider yet."


def test_a_provider_that_does_not_answer_is_not_added(shell: Shell, riverbend: str) -> None:
    said = ("--name", "R", "--issuer", "http://127.0.0.1:9", "--client-id", "comewatch")
    assert "127.0.0.1:9" in shell.refusal("provider", "add", *WHERE, *said)
    assert shell.words("provider", "list", *WHERE) == "There is no provider yet."
