"""The deterministic simulation: whole worlds of people, phones and bad networks, each told by one number.

The server's own code answers on a real PostgreSQL, the Python client asks; only the clock and the network are ours.
`plan` says what happens, `acts` and `events` do it, `server` watches each answer, `truth` reads the tables and `oracle`
says who may read what; `ledger` and `promises` are what must hold after every step, `rest` what must hold at the end.
`shrink` makes a failing history short, `mutants` are bugs planted to see whether anybody would notice.
"""
