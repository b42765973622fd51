"""`make bench`: the same work on this server, on Kinto and on Parse Server, side by side on one PostgreSQL.

`wire` is the load: scripts of requests on plain sockets, in one process. `notes` is what is sent. `ours`, `kinto` and `parse`
each run one server and say how its clients speak; `works` is what they do there, `floor` what nothing can beat, `meter` what
it costs. `table` tells it. Nothing here is timed in `make test`; docs/speed.md says what the figures mean.
"""
