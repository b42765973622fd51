"""How two edits of one record become one: pure, field by field, by the policy that the kind declares."""

from sync.merge.fields import Base, Conflict, Merged, Policy, merge
from sync.merge.text import longer, three_way

__all__ = ["Base", "Conflict", "Merged", "Policy", "longer", "merge", "three_way"]
