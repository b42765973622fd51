"""The deterministic simulation: whole worlds of people, phones and bad networks, each told by one number.

The server's own code answers on a real PostgreSQL, the Python client asks; only the clock and the network are ours.
`plan` says what happens; `acts`, `events`, `disasters` and `seasons` do it. `server` has each answer looked at by `watch`
and `watch_push`; `truth` reads the tables, and `oracle` says who may read what. `ledger` and `promises` are what must hold
after every step, `rest` what must hold at the end. `shrink` makes a failing history short, `coverage` counts what happened,
`mutants` are bugs planted to see whether anybody would notice.
"""
