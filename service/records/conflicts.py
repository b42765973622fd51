"""Conflicts: the server tells each writer which text stands and which does not."""

from __future__ import annotations

from schemas.records.conflicts import ConflictSchema
from service.records import scopes
from service.records.rules import nobody
from service.records.tables import kind_table, moment, word, words
from sync.server.kind import Kind

table = kind_table(
    "conflicts",
    word("collection"),
    word("record_id"),
    word("field"),
    words("kept"),
    words("other"),
    word("kept_by"),
    word("other_by"),
    moment("at"),
    word("person_id", indexed=True),
)

KIND = Kind(
    name="conflicts",
    table=table,
    schema=ConflictSchema(),
    audience=lambda conflict, near: scopes.people(conflict["person_id"]),
    may_write=nobody,
    server_only=True,
)
