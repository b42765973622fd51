"""Webhooks: what happened to a record is told to an address that its reader gave us.

    events      the closed list of what can be told, from the kinds and their state machines
    endpoints   the addresses: who owns them, what they want, their secrets
    following   heard at the one door: what happened becomes deliveries, in the same transaction
    apps        what the endpoints of apps may hear
    sending     the worker's part: one delivery after another, with patience
    notices     mails to owners whose endpoints need them
    deliveries  what became of them, and telling them again
    signing     Standard Webhooks

An event says which record and what happened to it, never what the record holds. It goes to an endpoint only when the
endpoint's owner may see the record, both when it happens and when it is sent.
"""
