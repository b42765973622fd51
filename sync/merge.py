"""How two edits of one record become one: pure, field by field, by the policy that the kind declares."""

from __future__ import annotations

from enum import Enum


class Policy(Enum):
    """What happens to a field that two sides changed."""

    LAST = "last"  # the change that arrives last wins; history keeps the other
    TEXT = "text"  # free text: three-way; what cannot be merged becomes a conflict with both versions kept
    AUTHOR = "author"  # text that only the record's author may write
    STATE = "state"  # the state machine decides: the furthest legal state
    SET = "set"  # by element, against the base
