"""The database's history: roles, tables and walls, one step after another.

`upgrade` brings a database from wherever it is to the newest step. Near the roof of the house, since it is the one
place that sees every table: `rooms` lists them, `draft` writes the first steps from them, `tenancy` raises the walls.
"""

from service.migrations.history import upgrade

__all__ = ["upgrade"]
