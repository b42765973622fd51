"""Others' apps: who registered them, what a tenant approved, what a person lets them do, and how they get their tokens.

`models` the tables · `scopes` what there is to ask for, in words · `registry` registering and approving · `requests` what
arrives · `server` Authlib's authorization server over ours · `code`, `renewal`, `itself`, `devices`: one way to a token each ·
`proving` telling about and giving back a token · `browser` who sits before our pages. HTTP and HTML are `service.api`'s.
"""
