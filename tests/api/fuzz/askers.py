"""Who asks: nobody, a teacher, her tenant's admin, and an app that acts for the teacher."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests.api.apps.conftest import ALL, Maker, approve, register, signed_in, tokens
from tests.builders import sign_in
from tests.rights.school import ADA, HANA, School

ASKERS = ("anonymous", "teacher", "admin", "app")


def askers_of(school: School) -> dict[str, Callable[[], str]]:
    """By name, what gives each a new access token: requests that are made up sign people out, too."""
    app = school.app
    maker = made(app, school)
    browser = signed_in(app, school.tenant_id, HANA)

    def signing_in(person_id: str) -> Callable[[], str]:
        return lambda: sign_in(school.services, school.tenant_id, person_id)

    def agreeing() -> str:
        return str(tokens(browser, maker, " ".join(ALL))["access_token"])

    return dict(zip(ASKERS, (str, signing_in(HANA), signing_in(ADA), agreeing), strict=True))


def made(app: Flask, school: School) -> Maker:
    """An app that the tenant approved, with every scope that apps are tested with."""
    registered = register(app, school.tenant_id)
    approve(app, school.tenant_id, registered.client_id)
    return Maker(app, registered.client_id, registered.client_secret)
