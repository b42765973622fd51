"""What people have beside records: apps that they let in, webhooks, ways to sign in, devices that are woken, addresses in letters.

Each has a name as records have, and one of each is gone. All of it is asked for as people and apps do.
"""

from __future__ import annotations

import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.accounts.oidc import identities
from service.accounts.oidc.id_token import Vouched
from service.integrations.calendar import links
from service.integrations.digest import unsubscribe
from service.integrations.roster import previews
from tests.accounts.authenticator import Authenticator, coded
from tests.api.apps.conftest import Maker, approve, register, signed_in, tokens
from tests.builders import Caller, caller
from tests.rights.leave_of_apps import ALL, APP, HOLDS, ITSELF, NARROW, WITHDRAWN
from tests.rights.school import ADA, HANA, OLGA, School

NOWHERE = "https://127.0.0.1:65000"
"""A machine where nobody listens."""
WEBHOOK = {"url": f"{NOWHERE}/hook", "events": ["notes.created"]}
APPLICATION = {"name": "Lesson Box", "scopes": ["profile"]}
_POINT = ec.generate_private_key(ec.SECP256R1()).public_key()
SUBSCRIPTION = {
    "endpoint": f"{NOWHERE}/push",
    "keys": {
        "p256dh": coded(_POINT.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        "auth": coded(os.urandom(16)),
    },
}
ROSTERS = "/v1/admin/roster/previews"
NO_ROSTER: dict[str, Any] = {"data": b"no zip", "headers": {"Content-Type": "application/zip"}}
PROVIDER = {"name": "The school by the lake", "issuer": NOWHERE, "client_id": "come-watch"}


class Belongings:
    """Those of one tenant's people; `tokens` are of its apps, `letters` the good and bad tokens in addresses, by purpose."""

    def __init__(self, school: School) -> None:
        self.school, self.app = school, school.app
        self.tokens: dict[str, str] = {}
        self.ada, self.olga, self.hana = (
            caller(self.app, school.tenant_id, one) for one in (ADA, OLGA, HANA)
        )
        self._apps()
        self._webhooks()
        self._ways_in()
        self._woken()
        self._roster()
        calendar = self._calendar()
        self.letters = {"calendar": calendar, "unsubscribe": self._unsubscribe(calendar["good"])}

    def _is(self, name: str, made: str, gone: str = "") -> None:
        self.school.ids[name] = made
        if gone:
            self.school.gone[name.partition("/")[0]] = gone

    def _made(self, who: Caller, path: str, said: Any) -> str:
        answer = who.post(path, said)
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])

    def _maker(self, scopes: frozenset[str]) -> Maker:
        made = register(self.app, self.school.tenant_id, *scopes)
        approve(self.app, self.school.tenant_id, made.client_id, *scopes)
        return Maker(self.app, made.client_id, made.client_secret)

    def _apps(self) -> None:
        """Olga let three in; one was withdrawn by her tenant since, and she herself took another back."""
        browser = signed_in(self.app, self.school.tenant_id, OLGA)
        box, withdrawn, gone, roster = (self._maker(HOLDS[one]) for one in (APP, WITHDRAWN, APP, ITSELF))
        for asker, maker in {APP: box, NARROW: box, WITHDRAWN: withdrawn}.items():
            self.tokens[asker] = tokens(browser, maker, " ".join(HOLDS[asker]))["access_token"]
        said = {"grant_type": "client_credentials", "scope": " ".join(HOLDS[ITSELF])}
        self.tokens[ITSELF] = str(roster.post("/oauth/token", said).json["access_token"])
        tokens(browser, gone, "profile")
        assert self.olga.delete(f"/v1/apps/{gone.client_id}").status_code == 204
        assert self.ada.delete(f"/v1/admin/apps/{withdrawn.client_id}/approval").status_code == 204
        self._is("granted_apps/box", box.client_id, gone.client_id)
        self._is("apps/box", box.client_id)
        self._is("apps/let-go", gone.client_id)
        self._is("apps/withdrawn", withdrawn.client_id)
        self._is("apps/of-the-operator", register(self.app, None, *ALL).client_id)
        self._is("apps/roster", roster.client_id)

    def _webhooks(self) -> None:
        box = Caller(self.app.test_client(use_cookies=False), self.tokens[APP])
        gone = self._made(self.ada, "/v1/webhooks", WEBHOOK)
        assert self.ada.delete(f"/v1/webhooks/{gone}").status_code == 204
        self._is("webhooks/ada", self._made(self.ada, "/v1/webhooks", WEBHOOK), gone)
        self._is("webhooks/box", self._made(box, "/v1/webhooks", WEBHOOK))

    def _ways_in(self) -> None:
        gone = self._made(self.ada, "/v1/identity-providers", PROVIDER)
        assert self.ada.delete(f"/v1/identity-providers/{gone}").status_code == 204
        self._is("identity_providers/own", self._made(self.ada, "/v1/identity-providers", PROVIDER), gone)
        for who, what in ((self.olga, "olga"), (self.hana, "hana")):
            lost_passkey, lost_account = self._passkey(who), self._account(what, "lost")
            self._is(f"passkeys/{what}", self._passkey(who), lost_passkey)
            self._is(f"identities/{what}", self._account(what, "kept"), lost_account)
            for path in (f"passkeys/{lost_passkey}", f"identities/{lost_account}"):
                assert who.delete(f"/v1/me/{path}").status_code == 204

    def _passkey(self, who: Caller) -> str:
        options = who.post("/v1/me/passkeys/options").json
        return self._made(
            who, "/v1/me/passkeys", {"name": "A key", "credential": Authenticator().create(options)}
        )

    def _account(self, what: str, which: str) -> str:
        person_id = {"olga": OLGA, "hana": HANA}[what]
        vouched = Vouched(NOWHERE, f"{which}-{what}")
        services, tenant_id = self.school.services, self.school.tenant_id
        with services.database.begin(tenant_id) as connection:
            return str(identities.link(connection, tenant_id, person_id, vouched, services.now()))

    def _woken(self) -> None:
        """A device is woken at one address: the next makes the one before gone."""
        for who, what in ((self.olga, "olga"), (self.hana, "hana")):
            gone = self._made(who, "/v1/push-subscriptions", SUBSCRIPTION)
            self._is(
                f"push_subscriptions/{what}", self._made(who, "/v1/push-subscriptions", SUBSCRIPTION), gone
            )

    def _roster(self) -> None:
        """A preview of what was no roster, and one that was forgotten."""
        services, tenant_id = self.school.services, self.school.tenant_id
        gone = self._preview()
        with services.database.begin(tenant_id) as connection:
            assert previews.forget_old(connection, tenant_id, services.now() + 2 * previews.LASTS) != []
        self._is("roster_previews/faulty", self._preview(), gone)

    def _preview(self) -> str:
        answer = self.ada.call("POST", ROSTERS, **NO_ROSTER)
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def _calendar(self) -> dict[str, str]:
        services, tenant_id = self.school.services, self.school.tenant_id
        with services.database.begin(tenant_id) as connection:
            old, good, of_nobody = (
                links.renew(connection, tenant_id, one, services.now())
                for one in (OLGA, OLGA, self.school.gone["people"])
            )
        other = unsubscribe.token(services.settings.secret_key, tenant_id, OLGA)
        return {
            "good": good, "of another purpose": other, "of what is gone": old, "of who is gone": of_nobody, "forged": "forged",
            "of another secret": good[:-6] + old[-6:],
        }  # fmt: skip

    def _unsubscribe(self, calendar: str) -> dict[str, str]:
        whose = (self.school.tenant_id, OLGA)
        good = unsubscribe.token(self.school.services.settings.secret_key, *whose)
        other = unsubscribe.token(b"another key", *whose)
        return {"good": good, "of another purpose": calendar, "of another key": other, "forged": "forged"}
