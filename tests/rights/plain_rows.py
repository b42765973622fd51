"""What the endpoints without an id answer to whom: what is public, what is one's own, what is made; and by leave of an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.records.seats import seat_id
from service.records import KINDS
from tests.rights.asking import ELSEWHERE
from tests.rights.belongings import APPLICATION, PROVIDER, SUBSCRIPTION, WEBHOOK
from tests.rights.readers import EVERYBODY, LET_IN, THERE
from tests.rights.school import ADA, FILM, HANA, OLGA, OTTO, PETRA, STINA, School

DEVICE = {"device_id": "phone-of-whoever", "device_name": "A phone"}
CHALLENGE = {"code_challenge": "c" * 43}
SHOWN = {"device_id": "phone-of-whoever", "code_verifier": "v" * 43}
CREDENTIAL = {"id": "never-made", "rawId": "never-made", "type": "public-key", "response": {}}
PUBLIC: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "GET /health": (200, {}),
    "GET /problems": (200, {}),
    "GET /problems/<slug>": (404, {}),
    "GET /v1/sync/schema/native": (200, {}),
    "GET /v1/sync/schema/rxdb": (200, {}),
    "GET /v1/sync/schema/watermelon": (200, {}),
    "POST /v1/sign-in/code": (422, {"json": {}}),
    "POST /v1/sign-in/refresh": (422, {"json": {}}),
    "POST /v1/sign-in/providers": (200, {"json": {"address": "ana@nowhere.example"}}),
    "GET /v1/sign-in/oidc/<provider_id>/start": (404, {"query_string": DEVICE | CHALLENGE}),
    "GET /v1/sign-in/oidc/<provider_id>/callback": (
        401,
        {"query_string": {"state": "never-given", "code": "none"}},
    ),
    "POST /v1/sign-in/oidc": (401, {"json": SHOWN | {"code": "never-given"}}),
    "POST /v1/sign-in/passkey/options": (200, {}),
    "POST /v1/sign-in/passkey": (401, {"json": DEVICE | {"credential": CREDENTIAL}}),
    "POST /v1/sign-in/link": (204, {"json": DEVICE | CHALLENGE | {"address": "ana@nowhere.example"}}),
    "GET /v1/sign-in/link": (200, {}),
    "POST /v1/sign-in/link/open": (401, {"json": SHOWN | {"token": "never-given"}}),
    "GET /.well-known/oauth-authorization-server": (200, {}),
    "GET /.well-known/oauth-protected-resource": (200, {}),
    "GET /oauth/jwks": (200, {}),
    "GET /oauth/authorize": (400, {}),
    "POST /oauth/authorize": (403, {"data": {"said": "yes"}}),
    "POST /oauth/sign-in": (403, {"data": {"code": "never-given"}}),
    "POST /oauth/sign-out": (403, {}),
    "GET /oauth/device": (200, {}),
    "POST /oauth/device": (403, {"data": {"said": "yes"}}),
    "POST /oauth/token": (401, {"data": {"grant_type": "client_credentials", "scope": "roster:read"}}),
    "POST /oauth/revoke": (401, {"data": {"token": "never-given"}}),
    "POST /oauth/introspect": (401, {"data": {"token": "never-given"}}),
    "POST /oauth/device_authorization": (401, {"data": {"scope": "profile"}}),
}
"""What it answers to everybody alike, with a token or without."""
OWN: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "GET /v1/me": (200, {}),
    "GET /v1/devices": (200, {}),
    "POST /v1/sign-out": (204, {}),
    "GET /v1/board": (200, {}),
    "GET /v1/sync/digest": (200, {"query_string": {"collection": "notes"}}),
    "POST /v1/sync/pull": (200, {"json": {}}),
    "POST /v1/sync/push": (200, {"json": {"changes": []}}),
    "GET /v1/sync/rxdb/<name>/pull": (200, {}),
    "POST /v1/sync/rxdb/<name>/push": (200, {"json": []}),
    "GET /v1/sync/watermelon": (200, {"query_string": {"last_pulled_at": "null"}}),
    "POST /v1/sync/watermelon": (204, {"json": {"changes": {}}}),
    "POST /v1/sync/watermelon/rescue": (204, {"json": {"changes": {}}}),
    "GET /v1/me/export": (404, {}),  # nobody has asked for one yet
    "POST /v1/me/export": (202, {}),
    "GET /v1/me/ways-in": (200, {}),
    "POST /v1/me/identities": (401, {"json": {"code": "never-given", "code_verifier": "v" * 43}}),
    "POST /v1/me/passkeys/options": (200, {}),
    "POST /v1/me/passkeys": (401, {"json": {"name": "A key", "credential": CREDENTIAL}}),
    "GET /v1/apps": (200, {}),
    "GET /v1/push-subscriptions": (200, {}),
    "POST /v1/push-subscriptions": (201, {"json": SUBSCRIPTION}),
    "GET /v1/notice-preferences": (200, {}),
    "PUT /v1/notice-preferences": (200, {"json": {"push": False}}),
    "POST /v1/calendar-link": (201, {}),
    "DELETE /v1/calendar-link": (204, {}),
    **{f"GET /v1/{name}": (200, {}) for name in KINDS},
}
"""What it answers to everybody who is signed in, of what is hers; what that is stands in `test_who_learns`."""
RESERVED: Mapping[str, tuple[int, Mapping[str, Any], int]] = {
    "GET /v1/admin/apps": (200, {}, 403),
    "POST /v1/admin/apps": (201, {"json": APPLICATION}, 403),
    "GET /v1/identity-providers": (200, {}, 404),
    "POST /v1/identity-providers": (201, {"json": PROVIDER}, 404),
    "GET /v1/webhooks": (200, {}, 403),
    "POST /v1/webhooks": (201, {"json": WEBHOOK}, 403),
}
"""What it answers to administrators, and to apps that have the scope; and what to everybody else."""
LIVE = frozenset({"GET /v1/sync/stream", "GET /v1/sync/wait"})
"""What the live process answers, which asks itself whether the session lives: here its address is unknown."""
BY_LEAVE: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "GET /v1/play/<token>/poster": (302, {}),
    "GET /v1/u/<token>/s3/params": (200, {}),
    "POST /v1/u/<token>/s3/multipart": (200, {"json": {}}),
    "GET /v1/u/<token>/s3/multipart/<upload_id>": (200, {}),
    "GET /v1/u/<token>/s3/multipart/<upload_id>/1": (200, {}),
    "POST /v1/u/<token>/s3/multipart/<upload_id>/complete": (
        409,
        {"json": {"parts": []}},
    ),
    "DELETE /v1/u/<token>/s3/multipart/<upload_id>": (204, {}),
}
"""What it answers to whoever holds a good address."""
LETTERS: Mapping[str, tuple[str, int]] = {
    "GET /v1/calendar/<token>.ics": ("calendar", 200),
    "GET /v1/digest/unsubscribe/<token>": ("unsubscribe", 200),
    "POST /v1/digest/unsubscribe/<token>": ("unsubscribe", 200),
}
"""What it answers to whoever holds an address that was told in a letter, or by hand; and which of them."""

Made = tuple[dict[str, Any], Mapping[int, Iterable[str]]]


def made(school: School) -> Mapping[str, Made]:
    """What is made of each kind, and who may; 409 for whoever does not see what it would belong to."""
    visit = {"visit_id": school.ids["visits/released"]}
    unseen = EVERYBODY - LET_IN | {ELSEWHERE}
    seat = {"invitation_id": school.ids["invitations/all"], "person_id": PETRA}
    return {
        "schools": ({"name": "Of the hill"}, {201: [ADA]}),
        "people": ({"display_name": "A new one", "roles": ["teacher"]}, {201: [ADA]}),
        "role_grants": ({"person_id": PETRA, "role": "coach"}, {201: [ADA]}),
        "pauses": ({"person_id": HANA, "evaluator_id": OTTO}, {422: EVERYBODY | {ELSEWHERE}}),  # the service asks
        "groups": ({"name": "By the lake", "group_type": "team", "lead_id": HANA}, {201: [HANA, ELSEWHERE], 422: [ADA]}),
        "memberships": ({"person_id": PETRA, "group_id": school.ids["groups/studio"], "state": "enrolled"}, {201: [PETRA], 409: [STINA, ELSEWHERE]}),
        "invitations": ({"host_id": HANA}, {201: [HANA, ELSEWHERE]}),
        "seats": (seat | {"id": seat_id(*seat.values()), "state": "accepted"}, {201: [PETRA], 409: [ELSEWHERE]}),
        "visit_requests": ({"requester_id": OTTO, "host_id": HANA}, {201: [OTTO]}),
        "visits": ({"host_id": HANA, "observer_ids": [PETRA]}, {201: [HANA, ELSEWHERE]}),
        "notes": (visit | {"note_kind": "noticing", "text": "New."}, {201: [OLGA, OTTO], 409: unseen}),
        "debriefs": (visit, {201: THERE, 409: unseen}),
        "next_steps": (visit | {"text": "New."}, {201: [HANA], 409: unseen}),
        "media": (visit | FILM, {201: THERE, 409: unseen}),
        "comments": ({"media_id": school.ids["media/released"], "text": "New."}, {201: LET_IN, 409: unseen}),
        "read_events": (visit | {"reader_id": OTTO, "how": "opened"}, {201: [OTTO], 409: unseen}),
    }  # fmt: skip
