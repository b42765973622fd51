"""What happens in a world, and how often: each act does something and tells it, or finds nothing to do and tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.clients.worlds.acts_at_phones import (
    adds_a_word,
    clears_a_field,
    deletes_a_note,
    gets_the_next_version,
    is_killed,
    makes_a_visit,
    moves_a_note_on,
    plans_a_visit,
    takes_a_note,
)
from tests.clients.worlds.acts_at_school import lets_in_or_out, moves_a_visit, names_an_observer
from tests.clients.worlds.acts_on_networks import (
    has_a_network,
    meets_another,
    syncs,
    syncs_while_things_happen,
    types_into_what_goes,
)
from tests.clients.worlds.world import World

Act = Callable[[World, Random], str | None]

ACTS: dict[Act, int] = {
    adds_a_word: 10,
    takes_a_note: 6,
    meets_another: 6,
    types_into_what_goes: 6,
    makes_a_visit: 1,
    moves_a_note_on: 3,
    clears_a_field: 1,
    plans_a_visit: 1,
    deletes_a_note: 2,
    is_killed: 2,
    gets_the_next_version: 2,
    has_a_network: 2,
    syncs: 8,
    syncs_while_things_happen: 5,
    lets_in_or_out: 3,
    moves_a_visit: 2,
    names_an_observer: 3,
}
