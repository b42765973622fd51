"""Rejected writes: the server keeps what it could not take for the person who typed it, until she throws it away."""

from __future__ import annotations

from schemas.records.rejected_writes import RejectedWriteSchema
from service.records import scopes
from service.records.rules import is_person, nobody
from service.records.tables import kind_table, moment, word, words
from sync.server.kind import Kind

table = kind_table(
    "rejected_writes",
    words("collection"),
    words("record_id"),
    words("op_id"),
    word("problem"),
    words("detail"),
    words("payload"),
    moment("at"),
    word("person_id", indexed=True),
)

KIND = Kind(
    name="rejected_writes",
    table=table,
    schema=RejectedWriteSchema(),
    audience=lambda rejected, near: scopes.people(rejected["person_id"]),
    may_write=nobody,
    may_delete=is_person("person_id"),
    server_only=True,
)
