"""The phone's end of the wire, and what a third party installs: a replica in SQLite, an outbox, and one round of sync.

`client.Client` is the way in. `replica` holds what the server said, `outbox` what was typed and not yet answered, and
`view` lays the second over the first: that is what a person sees. `exchange` is one sync, `answers` what it learns,
`transport` carries requests over a bad network, `session` keeps a phone signed in. `uploads` is the queue of files,
`sending` brings them to the object store, `background` does so in a thread. But for `uploads`, which belong to records
of `media`, nothing here knows a kind by name.
"""

from sync.client.background import Uploading
from sync.client.client import Client
from sync.client.errors import (
    CannotWrite,
    ClientError,
    Declined,
    DeviceRevoked,
    SignInRequired,
    Unreachable,
    Unsent,
)
from sync.client.outbox import Queued, RefusedChange, Standing
from sync.client.reports import Comparison, Notice, SyncReport
from sync.client.storage import HttpStorage, Storage
from sync.client.surroundings import Surroundings
from sync.client.transport import HttpNetwork, Lost, Network, Request, Response
from sync.client.uploads import Stage, Upload

__all__ = [
    "CannotWrite",
    "Client",
    "ClientError",
    "Comparison",
    "Declined",
    "DeviceRevoked",
    "HttpNetwork",
    "HttpStorage",
    "Lost",
    "Network",
    "Notice",
    "Queued",
    "RefusedChange",
    "Request",
    "Response",
    "SignInRequired",
    "Stage",
    "Standing",
    "Storage",
    "Surroundings",
    "SyncReport",
    "Unreachable",
    "Unsent",
    "Upload",
    "Uploading",
]
