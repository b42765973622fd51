"""What every endpoint answers to whom: one row each, in the order of the house.

`answers` says what a reader of the record is told: `{status: {name: askers}}`; who is named nowhere gets `otherwise`.
Whoever does not read it is told what she is told of nothing, and who is not let in is told so, of whatever she asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.records import KINDS
from tests.rights.leave_of_apps import APP
from tests.rights.readers import THERE, of
from tests.rights.school import ADA, CAPTIONS, CORA, EVA, HANA, OLGA, OTTO, PETRA, STINA

Answers = Mapping[int, Mapping[str, Iterable[str]]]
VTT = {"data": CAPTIONS, "headers": {"Content-Type": "text/vtt"}}
SAID = {
    "type": "Annotation",
    "body": {"type": "TextualBody", "value": "I saw it too."},
    "target": "urn:comewatch:lesson",
}
ANNOTATED = {
    "json": {"@context": "http://www.w3.org/ns/anno.jsonld", "type": "AnnotationPage", "items": [SAID]}
}


@dataclass(frozen=True)
class Row:
    """One endpoint: `of` is the collection whose id stands in its address, `said` what is sent along."""

    endpoint: str
    of: str
    said: Mapping[str, Any] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    otherwise: int = 200
    only: frozenset[str] | None = None
    """Who may ask at all, where not everybody may; all others are told 403 of whatever they name."""

    def expected(self, asker: str, name: str) -> int:
        """The status that a reader of the record is answered with."""
        told = (status for status, named in self.answers.items() if asker in named.get(name, ()))
        return next(told, self.otherwise)


def each(names: Iterable[str], *askers: str) -> dict[str, tuple[str, ...]]:
    """These people, of each of these records."""
    return dict.fromkeys(names, askers)


VISITS, MEDIA, INVITATIONS = of("visits"), of("media"), of("invitations")
CHANGED: dict[str, tuple[dict[str, Any], Answers]] = {
    "schools": ({"name": "Of the hill"}, {200: each(of("schools"), ADA)}),
    "people": ({"display_name": "Another name"}, {200: {"people/host": (HANA, ADA), "people/new": (ADA,)}}),
    "role_grants": ({"until_at": "2100-01-01T00:00:00.000Z"}, {200: each(of("role_grants"), ADA)}),
    "pauses": (
        {"state": "kept"},
        {200: {"pauses/eva-evaluates": (HANA,), "pauses/earlier": (PETRA,)}},
    ),
    "groups": (
        {"name": "Of the hill"},
        {200: {"groups/studio": (STINA, ADA), "groups/pair": (CORA,), "groups/team": (OTTO,)}},
    ),
    "memberships": (
        {"role": "guest"},
        {
            200: {
                "memberships/studio-lead": (STINA,),
                "memberships/studio-member": (HANA, STINA),
                "memberships/pair-lead": (CORA,),
                "memberships/pair-member": (HANA, CORA),
                "memberships/team-lead": (OTTO,),
                "memberships/team-member": (OLGA, OTTO),
            }
            | each((name for name in of("memberships") if "school" in name), ADA),
        },
    ),
    "invitations": ({"note": "Bring a chair."}, {200: each(INVITATIONS, HANA)}),
    "seats": ({"message": "I sit at the back."}, {200: {"seats/named": (OLGA,), "seats/all": (OTTO,)}}),
    "visit_requests": ({"message": "On Monday?"}, {200: each(of("visit_requests"), PETRA)}),
    "visits": ({"focus": "Who is silent?"}, {200: each(VISITS, *THERE)}),
    "notes": (
        {"text": "Other words."},
        {
            200: {"notes/draft": (OLGA,)},
            409: each(("notes/shared", "notes/released", "notes/retracted", "notes/expired"), OLGA),
        },
    ),
    "debriefs": ({"summary": "Other words."}, {200: each(of("debriefs"), *THERE)}),
    "next_steps": ({"text": "Other words."}, {200: each(of("next_steps"), HANA)}),
    "media": ({"wifi_only": True}, {200: each(MEDIA, OLGA)}),
    "comments": ({"text": "Other words."}, {200: each(of("comments"), OLGA)}),
    "read_events": ({"how": "opened"}, {}),
}
"""What is changed of each kind, and who may."""
DELETED: dict[str, Answers] = {
    "invitations": {204: {"invitations/draft": (HANA,)}},
    "notes": {204: {"notes/draft": (OLGA,)}},
    "media": {
        204: {"media/sent": (OLGA,), "media/drafted": (OLGA,)}
        | each(("media/shared", "media/released"), HANA, OLGA)
    },
    "comments": {204: each(of("comments"), OLGA)},
    "rejected_writes": {204: each(of("rejected_writes"), OLGA)},
}
"""Who deletes what; nobody anything else."""


def _records() -> Iterable[Row]:
    for name, kind in KINDS.items():
        one = f"/v1/{name}/<record_id>"
        yield Row(f"GET {one}", name)
        yield Row(f"DELETE {one}", name, answers=DELETED.get(name, {}), otherwise=403)
        if not kind.server_only:
            words, answers = CHANGED[name]
            yield Row(f"PATCH {one}", name, {"json": words}, answers, otherwise=403)
            yield Row(f"GET {one}/history", name)
            yield Row(f"POST {one}/restore", name, {"json": {"seq": 10**6}}, otherwise=404)


def _invitation(act: str, said: Mapping[str, Any], answers: Answers, otherwise: int) -> Row:
    return Row(f"POST /v1/invitations/<invitation_id>/{act}", "invitations", said, answers, otherwise)


def _visit(
    endpoint: str, said: Mapping[str, Any] | None = None, answers: Answers | None = None, otherwise: int = 200
) -> Row:
    method, _, rest = endpoint.partition(" ")
    return Row(f"{method} /v1/visits/<visit_id>/{rest}", "visits", said or {}, answers or {}, otherwise)


def _media(
    endpoint: str, said: Mapping[str, Any] | None = None, answers: Answers | None = None, otherwise: int = 200
) -> Row:
    method, _, rest = endpoint.partition(" ")
    return Row(f"{method} /v1/media/<media_id>/{rest}", "media", said or {}, answers or {}, otherwise)


def _webhook(
    endpoint: str, said: Mapping[str, Any] | None = None, otherwise: int = 200, answers: Answers | None = None
) -> Row:
    method, _, rest = endpoint.partition(" ")
    path = f"/v1/webhooks/<webhook_id>{rest}"
    return Row(f"{method} {path}", "webhooks", said or {}, answers or {}, otherwise, frozenset({ADA, APP}))


def _belongings() -> Iterable[Row]:
    yield _webhook("GET ")
    yield _webhook("PATCH ", {"json": {"description": "Of the lake"}})
    yield _webhook("DELETE ", otherwise=204)
    yield _webhook("POST /rotate-secret", answers={403: {"webhooks/box": (ADA,)}})  # only who made it
    yield _webhook("POST /ping", otherwise=202)
    yield _webhook("GET /deliveries")
    yield _webhook("POST /replay", {"json": {"since": "2026-01-01T00:00:00.000Z"}}, 202)
    yield Row("DELETE /v1/push-subscriptions/<subscription_id>", "push_subscriptions", otherwise=204)
    yield Row(
        "PATCH /v1/me/passkeys/<passkey_id>", "passkeys", {"json": {"name": "The red one"}}, otherwise=204
    )
    yield Row("DELETE /v1/me/passkeys/<passkey_id>", "passkeys", otherwise=204)
    yield Row("DELETE /v1/me/identities/<identity_id>", "identities", otherwise=204)
    yield Row("DELETE /v1/identity-providers/<provider_id>", "identity_providers", otherwise=204)
    yield Row("DELETE /v1/apps/<client_id>", "granted_apps", otherwise=204)
    roster = "/v1/admin/roster/previews/<preview_id>"
    yield Row(f"GET {roster}", "roster_previews", only=frozenset({ADA}))
    yield Row(f"POST {roster}/apply", "roster_previews", {"json": {}}, {}, 409, frozenset({ADA}))
    approval, admin = "/v1/admin/apps/<client_id>/approval", frozenset({ADA})
    never = {404: each(("apps/withdrawn", "apps/of-the-operator"), ADA)}  # what is not approved
    scopes = {422: each(("apps/roster",), ADA)}  # it never asks for that one
    yield Row(f"PUT {approval}", "apps", {"json": {"scopes": ["profile"]}}, scopes, 204, admin)
    yield Row(f"DELETE {approval}", "apps", {}, never, 204, admin)


SENT = ("media/sent",)
PLAYABLE = [name for name in MEDIA if name not in SENT]
NOT_SENT = {404: each(SENT, OLGA)}
"""Of a file that was not sent, even she who declared it is told nothing."""
ANSWERED: Answers = {
    422: each(INVITATIONS, HANA),  # her own door
    403: {"invitations/all": (EVA,)},
}
UNSAID: Answers = {**ANSWERED, 409: {"invitations/named": (OLGA,), "invitations/all": (OTTO,)}}
"""Who has accepted gives her seat back; she does not decline it any more."""
OPENED = [name for name in INVITATIONS if name != "invitations/draft"]
ROWS: tuple[Row, ...] = (
    *_records(),
    _invitation("claim", {}, ANSWERED, 200),
    _invitation("accept", {}, ANSWERED, 200),
    _invitation("decline", {}, UNSAID, 200),
    _invitation("tentative", {}, UNSAID, 200),
    _invitation("withdraw", {}, {200: {"invitations/named": (OLGA,), "invitations/all": (OTTO,)}}, 404),
    _invitation(
        "invite",
        {"json": {"people_ids": [PETRA]}},
        {200: each(OPENED, HANA), 409: {"invitations/draft": (HANA,)}},
        403,
    ),
    _visit("POST share", answers={200: each(VISITS, OLGA, OTTO)}, otherwise=403),
    _visit("POST release", {"json": {}}, {200: each(VISITS, HANA)}, 403),
    _visit("POST retract", answers={200: each(VISITS, HANA)}, otherwise=403),
    _visit("GET pending", answers={200: each(VISITS, HANA)}, otherwise=403),
    _visit("GET time"),
    _visit("GET notes.vtt"),
    _visit("GET track.vtt"),
    _visit("POST track", VTT, {201: each(VISITS, OLGA, OTTO)}, 403),
    _visit("GET annotations"),
    _visit("POST annotations", ANNOTATED, {201: each(VISITS, OLGA, OTTO)}, 403),
    _media("POST upload", answers={200: each(SENT, OLGA), 409: each(PLAYABLE, OLGA)}, otherwise=403),
    _media("DELETE upload", answers={204: each(SENT, OLGA), 409: each(PLAYABLE, OLGA)}, otherwise=403),
    _media(
        "POST upload/parts/<number>", {"json": {}}, {422: each(SENT, OLGA), 409: each(PLAYABLE, OLGA)}, 403
    ),
    _media("POST complete", {"json": {}}, {409: each(SENT, OLGA), 202: each(PLAYABLE, OLGA)}, 403),
    _media("GET link", answers=NOT_SENT),
    _media("POST play", answers=NOT_SENT),
    _media("POST uppy", answers={200: each(MEDIA, OLGA)}, otherwise=403),
    _media("GET track.vtt", answers=NOT_SENT),
    _media("GET annotations", answers=NOT_SENT),
    _media("POST annotations", ANNOTATED, NOT_SENT, 201),
    _media("PUT captions/<language>", VTT, {**NOT_SENT, 200: each(PLAYABLE, HANA, OLGA)}, 403),
    _media("GET captions/<language>", answers=NOT_SENT),
    _media(
        "DELETE captions/<language>", answers={**NOT_SENT, 204: each(PLAYABLE, HANA, OLGA)}, otherwise=403
    ),
    _media("POST withdraw-consent", answers={200: each(MEDIA, HANA, OLGA)}, otherwise=403),
    _media("POST hold", answers={409: each(SENT, OLGA), 200: each(PLAYABLE, HANA, OLGA)}, otherwise=403),
    Row("PATCH /v1/devices/<device_id>", "devices", {"json": {"device_name": "The red one"}}, otherwise=204),
    Row("DELETE /v1/devices/<device_id>", "devices", otherwise=204),
    *_belongings(),
)
"""What has an id in its address."""
