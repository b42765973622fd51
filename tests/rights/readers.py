"""Who reads what, by name of record: the table of the design, said once more, by hand."""

from __future__ import annotations

from tests.rights.leave_of_apps import APP
from tests.rights.school import ADA, CORA, HANA, OLGA, OTTO, PEOPLE, PETRA, STINA

EVERYBODY = frozenset(PEOPLE)
THERE = frozenset({HANA, OLGA, OTTO})
LET_IN = THERE | {STINA, CORA}
"""Those who were there, and to whom Hana released the third visit: her studio, and her coach."""

READERS: dict[str, frozenset[str]] = {
    "people/host": EVERYBODY,
    "people/new": EVERYBODY,
    "schools/one": EVERYBODY,
    "role_grants/term": EVERYBODY,
    "role_grants/hana-hosts": EVERYBODY,
    "role_grants/eva-evaluates": EVERYBODY,
    "pauses/earlier": frozenset({PETRA}),
    "pauses/eva-evaluates": frozenset({HANA}),
    "groups/studio": EVERYBODY,
    "groups/pair": frozenset({HANA, CORA}),
    "groups/team": frozenset({OLGA, OTTO}),
    "memberships/studio-lead": frozenset({HANA, STINA}),
    "memberships/studio-member": frozenset({HANA, STINA}),
    "memberships/pair-lead": frozenset({HANA, CORA}),
    "memberships/pair-member": frozenset({HANA, CORA}),
    "memberships/team-lead": frozenset({OLGA, OTTO}),
    "memberships/team-member": frozenset({OLGA, OTTO}),
    "memberships/school-hana-hosts": EVERYBODY,
    "memberships/school-olga-observes": EVERYBODY,
    "memberships/school-eva-evaluates": EVERYBODY,
    "invitations/draft": frozenset({HANA}),
    "invitations/named": frozenset({HANA, OLGA}),
    "invitations/studio": frozenset({HANA, STINA}),
    "invitations/school": frozenset({HANA, OLGA}),  # Eva is left out
    "invitations/all": EVERYBODY,
    "seats/named": frozenset({HANA, OLGA}),
    "seats/all": frozenset({HANA, OTTO}),
    "visit_requests/asked": frozenset({HANA, PETRA}),
    "visits/drafted": THERE,
    "visits/shared": THERE,
    "visits/released": LET_IN,
    "notes/draft": frozenset({OLGA}),
    "notes/shared": frozenset({HANA, OLGA}),
    "notes/released": LET_IN,
    "notes/retracted": frozenset({HANA, OLGA}),
    "notes/expired": frozenset({OLGA}),
    "debriefs/drafted": THERE,
    "debriefs/shared": THERE,
    "debriefs/released": THERE,
    "next_steps/drafted": THERE,
    "next_steps/shared": THERE,
    "next_steps/released": THERE,
    "media/sent": frozenset({OLGA}),  # declared on the first visit: nobody else's yet
    "media/drafted": frozenset({OLGA}),
    "media/shared": frozenset({HANA, OLGA}),
    "media/released": LET_IN,
    "comments/drafted": frozenset({OLGA}),
    "comments/shared": frozenset({HANA, OLGA}),
    "comments/released": LET_IN,
    "read_events/drafted": frozenset({HANA, OTTO}),
    "read_events/shared": frozenset({HANA, OTTO}),
    "read_events/released": frozenset({HANA, OTTO}),
    "conflicts/kept": frozenset({OLGA}),
    "rejected_writes/kept": frozenset({OLGA}),
    "devices/olga": frozenset({OLGA}),
    "webhooks/ada": frozenset({ADA}),
    "webhooks/box": frozenset({ADA, APP}),  # who keeps house, and who made it
    "push_subscriptions/olga": frozenset({OLGA}),
    "push_subscriptions/hana": frozenset({HANA}),
    "passkeys/olga": frozenset({OLGA}),
    "passkeys/hana": frozenset({HANA}),
    "identities/olga": frozenset({OLGA}),
    "identities/hana": frozenset({HANA}),
    "identity_providers/own": frozenset({ADA}),
    "roster_previews/faulty": frozenset({ADA}),
    "granted_apps/box": frozenset({OLGA}),
    "apps/box": frozenset({ADA}),
    "apps/let-go": frozenset({ADA}),
    "apps/withdrawn": frozenset({ADA}),
    "apps/of-the-operator": frozenset({ADA}),
    "apps/roster": frozenset({ADA}),
}


def of(collection: str) -> list[str]:
    """The names of the records of a kind."""
    return [name for name in READERS if name.startswith(f"{collection}/")]


def seen(asker: str, collection: str) -> set[str]:
    """The names of the records of a kind that somebody may read."""
    return {name for name in of(collection) if asker in READERS[name]}
