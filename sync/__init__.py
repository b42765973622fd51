"""The engine: two ends of one wire.

`sync.server` (SQLAlchemy) and `sync.client` (SQLite and httpx) never meet; both stand on the same pure rooms here:
`changes` (what travels), `cursor` (where a reader has read to), `merge` (how two edits become one record).
Nothing here knows Flask, S3, or any kind of record by name.
"""
