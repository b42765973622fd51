"""Asking for everything of one's own over HTTP."""

from __future__ import annotations

from tests.builders import Caller


def test_who_never_asked_has_no_export(hana: Caller) -> None:
    assert hana.get("/v1/me/export").status_code == 404


def test_asked_for_twice_it_is_the_same(hana: Caller, olga: Caller) -> None:
    first, second = hana.post("/v1/me/export"), hana.post("/v1/me/export")
    assert (first.status_code, second.json) == (202, first.json)
    told = hana.get("/v1/me/export")
    assert told.json == {**(first.json or {}), "state": "waiting", "url": None, "expires_at": None}
    assert told.headers["Cache-Control"] == "no-store"
    assert olga.get("/v1/me/export").status_code == 404
