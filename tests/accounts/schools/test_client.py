"""The Python client signs in at a school: over a real socket, while a browser is elsewhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask

from sync.client.cli import main
from sync.client.client import Client
from sync.client.errors import Declined
from tests.accounts.schools.conftest import ANA
from tests.accounts.schools.school import Browser, School
from tests.clients.school import serving


def code_shown(browser: Browser, address: str) -> str:
    """What the page at the end of the browser's way says."""
    parts = urlsplit(address)
    page = browser.go(browser.sign_in_there(browser.to_school(f"{parts.path}?{parts.query}"), "ana-there"))
    return page.text.partition("<code>")[2].partition("</code>")[0]


def test_a_device_is_signed_in_by_the_code_that_its_browser_shows(
    app: Flask, provider_id: UUID, school: School, browser: Browser, tmp_path: Path
) -> None:
    school.knows("ana-there", email="ana@north.example", email_verified=True)
    with serving(app) as server, Client(tmp_path, server) as client:
        (found,) = client.arrival.schools("ana@north.example")
        begun, other = (client.arrival.at_school(found["id"]) for _ in range(2))
        with pytest.raises(Declined, match="code-not-valid"):
            client.arrival.from_school(other, code_shown(browser, str(begun.address)))
        begun = client.arrival.at_school(found["id"], "Ana's laptop")
        assert client.arrival.from_school(begun, code_shown(browser, str(begun.address))) == ANA
        client.sync()
        assert client.person_id == ANA


def test_the_command_says_how(app: Flask, provider_id: UUID, tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["sign-in", "--help"])
    assert "sign-in --school ana@school.example" in told.stdout
    with serving(app) as server:
        here = ["--home", str(tmp_path), "--server", server, "sign-in"]
        assert "one of CODE, --school and --mail" in CliRunner().invoke(main, here).stderr
        none = CliRunner().invoke(main, [*here, "--school", "ana@south.example"])
        assert (none.exit_code, "No school has a sign-in" in none.stderr) == (1, True)
        asked = CliRunner().invoke(main, [*here, "--school", "ana@north.example"], input="a-wrong-code\n")
        assert f"{server}/v1/sign-in/oidc/{provider_id}/start?" in asked.stderr
        assert "code-not-valid" in asked.stderr
