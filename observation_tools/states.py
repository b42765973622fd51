"""Every state machine of the product, declared once.

`>` is a move, `|` separates alternatives, `entry` are the states in which a record may be born (a phone
without a network creates a record and moves it on before anyone hears of it). The sync engine, the schemas
and the phone all read these; phones in the field cannot be updated, so moves are added and never taken away.

>>> VISIT.path("planned", "shared")
(('planned', 'under_way'), ('under_way', 'captured'), ('captured', 'shared'))
>>> SEAT.furthest("tentative", "accepted"), NOTE.furthest("shared", "expired")
('accepted', 'shared')
"""

from collections.abc import Mapping
from types import MappingProxyType

from observation_tools.state_machine import Move, Path, StateMachine, always, machine

INVITATION = machine(
    "invitation",
    "draft > open > full > closed",
    "open | full > cancelled",
    "open > expired",
    "full > open",  # a seat frees
    entry="draft | open",
)

# A seat is one per person and invitation, and she may change her mind: so declined and withdrawn are no end,
# and one may step off the waitlist. To claim a seat on the board is to be born accepted.
SEAT = machine(
    "seat",
    "invited > accepted | tentative | declined",
    "tentative > accepted | declined",
    "declined > accepted",
    "waitlisted > accepted | withdrawn",
    "accepted > withdrawn | attended | missed",
    "withdrawn > accepted | waitlisted",
    entry="invited | accepted | tentative | declined | waitlisted",
)

VISIT_REQUEST = machine("visit_request", "sent > accepted | declined | expired | withdrawn")

# A phone may start a drop-in where there is no network, and be heard of when it is long over.
VISIT = machine(
    "visit",
    "planned > under_way > captured > shared > debriefed > closed",
    "planned > cancelled",
    "captured > lapsed",
    entry="planned | under_way | captured",
)

# A host who took a release back, or for whom it was paused, may decide again.
NOTE = machine(
    "note",
    "draft > shared > released > retracted > released",
    "draft > expired",
    entry="draft | shared",
)

WALK = machine(
    "walk", "planned > walking > debriefing > published", "planned | walking | debriefing > cancelled"
)

INSTRUMENT_VERSION = machine("instrument_version", "draft > published > superseded > retired")

DEBRIEF = machine("debrief", "proposed > scheduled > held > closed", entry="proposed | scheduled | held")
NEXT_STEP = machine("next_step", "chosen > tried > kept | changed | let_go")

# What is found when checking may send an inquiry back to any earlier phase: that is the spiral.
CYCLE = machine(
    "cycle",
    "scanning > focusing > learning > acting > checking > shared | closed",
    "checking > scanning | focusing | learning | acting",
)
ASSUMPTION = machine("assumption", "held > questioned > let_go | affirmed")
FINDING = machine("finding", "draft > shared > withdrawn")

STUDIO = machine("studio", "proposed > open > running > harvesting > closed")
STUDIO_MEMBER = machine(
    "studio_member", "invited > enrolled > active > completed | left", "invited > declined"
)

PAUSE = machine("pause", "asked > kept > lifted > kept", "asked > lifted", "kept | lifted > asked")
COACHING_RELATION = machine("coaching_relation", "offered > agreed > active > ended")
GOAL = machine("goal", "draft > active > met | changed | let_go")
PRIORITY = machine("priority", "draft > active > tackled | let_go")

MEDIA = machine(
    "media",
    "declared > uploading > uploaded > verified > ready > expiring > deleted",
    "declared | uploading > abandoned",  # an upload that was begun may stay unfinished too
    "verified > quarantined",
    "ready > incident_hold",
    "incident_hold > ready | expiring",  # released: shown again, or gone if its time came or its consent went meanwhile
)

SUBMISSION = machine(
    "submission",
    "draft > submitted > assigned > in_review > earned | returned",
    "returned > submitted",
    "earned > issued > revoked",
    "draft | submitted > withdrawn",
)

MACHINES: Mapping[str, StateMachine] = MappingProxyType(
    {value.name: value for value in tuple(globals().values()) if isinstance(value, StateMachine)}
)

__all__ = ["MACHINES", "Move", "Path", "StateMachine", "always", "machine"]
__all__ += [name for name, value in tuple(globals().items()) if isinstance(value, StateMachine)]
