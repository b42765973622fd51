"""The operator's commands: they do it, say it in words or JSON, and fail in one line."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from service.accounts.tokens import Tokens
from service.cli import main
from service.settings import Settings
from tests.conftest import environment
from tests.shell import Shell

ANA = ("ana@riverbend.example", "--tenant", "riverbend", "--name", "Ana Ruiz")


@pytest.fixture
def shell(database_url: str, token_key: str) -> Shell:
    return Shell(environment(database_url, token_key))


@pytest.fixture
def riverbend(shell: Shell) -> str:
    return str(shell.told("tenant", "create", "riverbend", "--name", "Riverbend")["id"])


def test_an_upgrade_may_be_repeated(shell: Shell) -> None:
    assert shell.words("db", "upgrade") == "The database is up to date."


def test_tenants_are_made_and_listed(shell: Shell, riverbend: str) -> None:
    assert shell.words("tenant", "list") == f"riverbend\t{riverbend}\tRiverbend"
    assert shell.told("tenant", "list") == [{"id": riverbend, "slug": "riverbend", "name": "Riverbend"}]


def test_an_empty_installation_says_so(shell: Shell) -> None:
    assert shell.words("tenant", "list") == "There is no tenant yet."


def test_a_person_is_made_with_a_code_that_opens(shell: Shell, riverbend: str) -> None:
    made = shell.told("person", "create", *ANA, "--role", "lead", "--role", "admin")
    assert len(made["code"]) == 34
    token = shell.words("token", "ANA@riverbend.example", "--device", "My laptop")
    claims = Tokens(Settings.from_environment(shell.env)).read_access(token)
    assert (claims.person_id, str(claims.tenant_id)) == (made["person_id"], riverbend)
    assert re.fullmatch("shell-[0-9a-f]{16}", claims.device_id)


def test_a_new_code_is_another(shell: Shell, riverbend: str) -> None:
    made = shell.told("person", "create", *ANA)
    again = shell.words("person", "code", "ana@riverbend.example")
    assert len(again) == 34
    assert again != made["code"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("tenant", "create", "riverbend", "--name", "R"), "There is already a tenant 'riverbend'."),
        (("tenant", "create", "River Bend", "--name", "R"), "The slug 'River Bend' is not 1 to 63 small letters, digits and hyphens."),
        (("person", "create", "a@b.example", "--tenant", "east", "--name", "A"), "There is no tenant 'east'; see: comewatch tenant list"),
        (("person", "create", "nonsense", "--tenant", "riverbend", "--name", "A"), "'nonsense' is not an address such as ana@school.example."),
        (("person", "create", *ANA), "The address ana@riverbend.example already belongs to somebody."),
        (("person", "code", "eva@riverbend.example"), "Nobody has the address eva@riverbend.example; see: comewatch person create --help"),
        (("token", "eva@riverbend.example"), "Nobody has the address eva@riverbend.example; see: comewatch person create --help"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_one_line(
    shell: Shell, riverbend: str, said: tuple[str, ...], told: str
) -> None:
    shell.told("person", "create", *ANA)
    assert shell.refusal(*said) == told


def test_a_person_without_a_name_is_refused_and_her_address_stays_free(shell: Shell, riverbend: str) -> None:
    nameless = ("person", "create", "ana@riverbend.example", "--tenant", "riverbend", "--name", "")
    assert "display_name" in shell.refusal(*nameless)
    assert len(shell.told("person", "create", *ANA)["code"]) == 34


def test_tokens_are_given_out_in_development_only(shell: Shell, riverbend: str) -> None:
    shell.told("person", "create", *ANA)
    shell.env["COMEWATCH_DEVELOPMENT"] = "false"
    told = "Tokens are given out in development only; see: comewatch person code --help"
    assert shell.refusal("token", "ana@riverbend.example") == told


def test_a_database_that_is_away_is_told_in_one_line(shell: Shell) -> None:
    shell.env["DATABASE_URL"] = "postgresql+psycopg://comewatch_rw@127.0.0.1:9/none"
    told = shell.refusal("tenant", "list")
    assert told.startswith("PostgreSQL does not answer: ")
    assert "\n" not in told


def test_a_database_without_tables_is_told_how_to_get_them(shell: Shell) -> None:
    name = shell.env["DATABASE_OWNER_URL"].partition("?")[0].rpartition("/")[2]
    shell.env["DATABASE_URL"] = shell.env["DATABASE_OWNER_URL"].replace(f"/{name}", "/postgres")
    told = shell.refusal("tenant", "list")
    assert told.endswith("Is the database upgraded? See: comewatch db upgrade --help")


def test_missing_settings_are_told_by_name() -> None:
    result = CliRunner(env={"COMEWATCH_HOME": "/nonexistent"}).invoke(main, ["tenant", "list"])
    assert result.exit_code == 1
    assert "  DATABASE_URL: " in result.stderr


@pytest.mark.parametrize(
    "said",
    [(), ("db",), ("db", "upgrade"), ("tenant", "create"), ("tenant", "list"), ("person", "create"), ("person", "code"),
     ("person", "export"), ("person", "import"), ("person", "forget"), ("token",),
     ("provider", "add"), ("provider", "list"), ("provider", "remove"),
     ("roster", "preview"), ("roster", "apply"), ("sandbox",),
     ("person", "grant"), ("person", "end"), ("person", "roles"), ("audit", "verify"), ("audit", "list")],
)  # fmt: skip
def test_every_command_explains_itself_with_an_example(said: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*said, "--help"])
    assert result.exit_code == 0
    assert said == ("db",) or "comewatch " in result.stdout.partition("\n")[2]
