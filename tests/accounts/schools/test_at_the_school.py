"""Signing in at a school's own provider, which is a real one; and whose account it is."""

from __future__ import annotations

from tests.accounts.schools.conftest import ANA
from tests.accounts.schools.school import Browser, Phone, School
from tests.builders import Caller


def test_a_phone_is_signed_in_through_the_browser(school: School, phone: Phone, browser: Browser) -> None:
    school.knows("ana-there", email="Ana@North.Example", email_verified=True)
    told = browser.all_the_way(phone, "ana-there")
    assert set(told) == {"code"}
    answer = phone.trade(told["code"])
    assert (answer.status_code, answer.json["person_id"]) == (200, ANA), answer.text
    me = Caller(phone.app.test_client(use_cookies=False), answer.json["access_token"]).get("/v1/me")
    assert (me.json["person"]["id"], me.json["device_id"]) == (ANA, phone.device_id)
