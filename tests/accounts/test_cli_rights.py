"""The operator's commands for roles and for the audit log."""

from __future__ import annotations

import psycopg
import pytest

from tests.accounts.test_cli import ANA, Shell
from tests.conftest import environment


@pytest.fixture
def shell(database_url: str, token_key: str) -> Shell:
    shell = Shell(environment(database_url, token_key))
    shell.words("tenant", "create", "riverbend", "--name", "Riverbend")
    shell.words("person", "create", *ANA)
    return shell


def test_a_role_is_granted_listed_and_ended(shell: Shell) -> None:
    ana = ANA[0]
    granted = shell.told("person", "grant", ana, "--role", "coach", "--until", "2099-06-30")
    assert (granted["role"], granted["until_at"]) == ("coach", "2099-06-30T00:00:00.000Z")
    assert [one["role"] for one in shell.told("person", "roles", ana)] == ["teacher", "coach"]
    shell.words("person", "grant", ana, "--role", "coach", "--from", "2099-07-30")
    assert shell.told("person", "end", ana, "--role", "coach")["ended"] == 2
    assert shell.refusal("person", "end", ana, "--role", "coach").startswith("She is not coach")
    coach = [one for one in shell.told("person", "roles", ana) if one["role"] == "coach"]
    assert all(one["until_at"] and one["until_at"] < "2099" for one in coach)


def test_a_grant_that_ends_before_it_begins_is_refused(shell: Shell) -> None:
    back = ("person", "grant", ANA[0], "--role", "coach", "--from", "2099-06-30", "--until", "2099-01-01")
    assert "until_at lies before from_at" in shell.refusal(*back)


def test_the_audit_log_is_listed_and_verified(shell: Shell, database_owner_url: str) -> None:
    shell.words("person", "grant", ANA[0], "--role", "admin")
    acts = [one["act"] for one in shell.told("audit", "list", "--tenant", "riverbend")]
    assert acts == ["role_granted", "person_added", "code_made", "role_granted"] or set(acts) == {
        "role_granted",
        "person_added",
        "code_made",
    }
    listed = shell.told("audit", "list", "--tenant", "riverbend", "--act", "role_granted", "--after", "1")
    assert [one["about"]["role"] for one in listed] == ["admin"]
    (whole,) = shell.told("audit", "verify")
    assert whole["at"] is None
    assert shell.words("audit", "verify", "--tenant", "riverbend", "--head", whole["head"])
    with psycopg.connect(database_owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("UPDATE audit_log SET act = 'signed_in' WHERE number = 2")
    result = shell.run("audit", "verify", "--tenant", "riverbend")
    assert (result.exit_code, "NOT WHOLE at number 2: it is not what was written" in result.stdout) == (
        2,
        True,
    )


@pytest.mark.parametrize("head", ["12", "12:abc"])
def test_a_head_is_a_number_and_a_hash(shell: Shell, head: str) -> None:
    result = shell.run("audit", "verify", "--tenant", "riverbend", "--head", head)
    assert (result.exit_code, "NUMBER:HASH" in result.stderr) == (2, True)
