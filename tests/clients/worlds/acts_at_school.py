"""What the school does: grants, takes away, moves."""

from __future__ import annotations

from random import Random

from tests.clients.school import HANA, OLGA
from tests.clients.worlds.world import GIVEN, GROUPS, HERS, LED, World


def lets_in_or_out(world: World, chance: Random) -> str:
    """Olga enters a team, or leaves it."""
    group = chance.choice(GROUPS)
    if member := world.members.pop(group, None):
        world.put("memberships", member, state="left")
        return f"olga leaves {group}"
    world.members[group] = f"member-{next(world.numbers):04}"
    world.put("memberships", world.members[group], person_id=OLGA, group_id=group, state="enrolled")
    return f"olga enters {group}"


def moves_a_visit(world: World, chance: Random) -> str:
    """To other teams."""
    visit, groups = chance.choice((GIVEN, LED)), chance.sample(GROUPS, chance.randint(0, 2))
    world.put("visits", visit, released_group_ids=groups)
    return f"{visit} is for {groups} now"


def names_an_observer(world: World, chance: Random) -> str:
    """Names the guest of a visit, or takes her out."""
    visit, guest = chance.choice(((LED, OLGA), (LED, OLGA), (HERS, HANA)))
    guests = [] if world.row("visits", visit)["observer_ids"] else [guest]
    world.put("visits", visit, observer_ids=guests)
    return f"{visit} is observed by {guests} now"
