"""The messages of the live process: never a document, only that something moved."""

from __future__ import annotations

from marshmallow import fields

from schemas.fields import Whole, Words
from schemas.rxdb import Number
from schemas.sync import Message

LONGEST_WAIT = 55
"""Seconds: below what proxies and phones take for a dead connection."""
_SEQ = {
    "description": "The last number heard of here, or in a digest; without one, everything may have moved."
}


class LiveQuerySchema(Message):
    """From where on a stream speaks."""

    seq = Number(0, 2**62, load_default=None)
    ticket = Words(2000, metadata={"description": "What the API adds when it sends a client elsewhere."})


class WaitQuerySchema(LiveQuerySchema):
    """From where on, and for how many seconds, to wait."""

    timeout = Number(0, LONGEST_WAIT, load_default=25)


class MovedSchema(Message):
    """The clock of these collections moved to `seq`, as far as this person is concerned."""

    seq = Whole(0, 2**62, required=True, metadata=_SEQ)
    collections = fields.List(Words(64), required=True, metadata={"description": "Pull these."})
