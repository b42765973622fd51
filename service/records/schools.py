"""Schools: everyone in the tenant reads them, administrators write them."""

from __future__ import annotations

from schemas.records.schools import SchoolSchema
from service.records.rules import is_admin
from service.records.scopes import TENANT
from service.records.tables import kind_table, words
from sync.server.kind import Kind

table = kind_table("schools", words("name", required=True))

KIND = Kind(
    name="schools",
    table=table,
    schema=SchoolSchema(),
    read_scope="people:read",
    audience=lambda school, near: {TENANT},
    may_write=is_admin,
)
