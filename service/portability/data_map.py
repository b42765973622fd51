"""What is kept of people: each table, what of a person is in it, how long, and what becomes of it when she is forgotten.

A test holds this map against the tables, and `docs/data-map.md` against this map: whoever adds a table says it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Kept:
    """`column`: the rows in which it is her id are deleted when she is forgotten; or, with `of`, what
    this column (`table.column`) says in rows that are hers.
    """

    holds: str
    lasts: str
    forgotten: str = "nothing personal"
    column: str | None = None
    of: str | None = None


def _hers(holds: str, lasts: str, column: str = "person_id") -> Kept:
    return Kept(holds, lasts, "deleted", column)


_RECORD = "as long as the record; deleted ones leave their id for 180 days"
_BY_THE_DOOR = "deleted through the one door, so that phones delete it too"

RECORDS: Mapping[str, Kept] = MappingProxyType(
    {
        "schools": Kept("names of schools", _RECORD),
        "people": Kept("her name and roles", _RECORD, "the name is replaced, roles end"),
        "role_grants": Kept(
            "what she does here, from when until when, and whom she evaluates", _RECORD, "ended; ids stay"
        ),
        "pauses": Kept("whom she keeps out of her visits", _RECORD, "ids stay"),
        "groups": Kept("names and questions of groups", _RECORD, "stay: they are the group's"),
        "memberships": Kept("where she belongs", _RECORD, _BY_THE_DOOR),
        "invitations": Kept("what she asked colleagues to look for", _RECORD, _BY_THE_DOOR),
        "seats": Kept("which visits she took part in", _RECORD, _BY_THE_DOOR),
        "visit_requests": Kept("whom she asked, and who asked her", _RECORD, _BY_THE_DOOR),
        "visits": Kept("her lessons that were visited", _RECORD, f"hers as host: {_BY_THE_DOOR}"),
        "notes": Kept(
            "what was noticed",
            f"drafts 14 days; else {_RECORD}",
            f"of her lessons, and her drafts: {_BY_THE_DOOR}; what she shared stays with the host, without her name",
        ),
        "debriefs": Kept("how a visit was talked over", _RECORD, f"of her lessons: {_BY_THE_DOOR}"),
        "next_steps": Kept("what is tried next", _RECORD, f"of her lessons: {_BY_THE_DOOR}"),
        "media": Kept(
            "photos and recordings",
            "30 days, clips as long as the record",
            f"made by her or of her lessons: {_BY_THE_DOOR}, files and versions at once",
        ),
        "comments": Kept(
            "what was said on a recording", _RECORD, f"on her lessons and recordings: {_BY_THE_DOOR}"
        ),
        "conflicts": Kept("the words that lost when two wrote at once", _RECORD, _BY_THE_DOOR),
        "rejected_writes": Kept("what could not be taken, as it was typed", _RECORD, _BY_THE_DOOR),
        "read_events": Kept("who read of a visit", _RECORD, f"of her lessons: {_BY_THE_DOOR}"),
    }
)
ENGINE: Mapping[str, Kept] = MappingProxyType(
    {
        "sync_clock": Kept("a number", "always"),
        "sync_mark": Kept("a number a day", "always"),
        "sync_document": Kept("the records as phones have them", _RECORD, "as the record; ids stay"),
        "sync_scope": Kept("numbers", "always"),
        "sync_entry": Kept("who may see which id", "tombstones 180 days", "ids stay"),
        "sync_membership": Kept("which scopes her id is in", "always", "ids stay"),
        "sync_device": Kept("when a device was here, and how far its clock is off", "400 days", "deleted"),
        "sync_receipt": Kept("what became of each change", "430 days", "deleted"),
        "sync_inbox": Kept("every push as it arrived", "30 days", "deleted"),
        "sync_history": Kept("earlier words of records", "2 years", "the words are taken out"),
        "sync_held": Kept("changes that wait for others", "5 days", "deleted"),
        "sync_sent": Kept("what a device sent last", "400 days", "deleted"),
    }
)
SERVICE: Mapping[str, Kept] = MappingProxyType(
    {
        "tenant": Kept("the name of the district", "always"),
        "mail": Kept(
            "mails to her; what they said is cleared once they are sent",
            "30 days",
            "deleted",
            "recipient",
            "login_address.address",
        ),
        "roster_source": _hers(
            "what the roster said of her last", "as long as the roster names her", "record_id"
        ),
        "roster_preview": _hers("that she sent a roster; what it would change, with names of staff", "a day"),
        "calendar_link": _hers("that she has a calendar feed; not its address", "until she takes it back"),
        "calendar_invite": _hers("which seats were told by calendar", "as long as the record"),
        "notice_preference": _hers("when and how she wants to be told", "as long as she is here"),
        "push_subscription": _hers(
            "where a device of hers is woken, sealed", "until it is signed out, or gone"
        ),
        "push_told": _hers("which ids her devices were woken for", "two days"),
        "login_address": _hers("her address", "as long as she may sign in"),
        "identity_provider": Kept("schools' providers, their secrets sealed", "until it is removed"),
        "login_domain": Kept("domains of addresses", "until it is removed"),
        "provider_domain": Kept("which provider serves which domain", "until it is removed"),
        "identity": _hers("who she is at her school's provider", "as long as she may sign in"),
        "passkey": _hers("the public keys of her passkeys", "as long as she may sign in"),
        "one_time_secret": Kept(
            "signs-in under way, hashed", "10 to 15 minutes", "deleted; asked-for links within the hour"
        ),
        "app": Kept("others' apps", "until it is removed"),
        "app_approval": Kept(
            "which apps a district lets in, and who said so", "until it is withdrawn", "ids stay"
        ),
        "app_code": _hers("that she let an app in", "minutes"),
        "app_device_code": _hers("that she let an app in on another device", "minutes"),
        "sign_in_code": _hers("that a code was made for her; not the code", "7 days after it ran out"),
        "session": Kept(
            "the name of a device, when it was used",
            "until she is forgotten, ended ones too",
            "ended, the name taken out; the device is asked to wipe itself",
        ),
        "webhook_delivery": Kept(
            "ids of records that an address of hers was told of",
            "30 days",
            "deleted",
            "webhook_id",
            "webhook.id",
        ),
        "webhook": _hers("the address that her app is told at", "until she removes it"),
        "kept_answer": Kept("answers to requests of hers, sealed", "a day", "gone within a day"),
        "audit_log": Kept(
            "who did what that matters: ids and words of a closed list",
            "always",
            "ids stay: the chain would break",
        ),
        "audit_head": Kept("a number and a checksum", "always"),
        "read_log": Kept("who read what, until it is told", "a minute", "ids only"),
        "media_erased": Kept("a number", "always"),
        "person_export": _hers("that she asked for her export", "30 days"),
    }
)
ALL: Mapping[str, Kept] = MappingProxyType({**ENGINE, **SERVICE, **RECORDS})


def markdown() -> str:
    """The map as `docs/data-map.md`."""
    parts = [_HEAD]
    for title, tables in (("Records", RECORDS), ("Accounts and work", SERVICE), ("The engine", ENGINE)):
        parts += [
            f"\n## {title}\n\n| table | what of a person | how long | when she is forgotten |\n|---|---|---|---|\n"
        ]
        parts += [
            f"| `{name}` | {kept.holds} | {kept.lasts} | {kept.forgotten} |\n"
            for name, kept in tables.items()
        ]
    return "".join(parts)


_HEAD = """# What is kept of people

Written by `python -m service.portability.data_map`; a test holds it against the tables. Nothing is kept of students: there
is no such record. Files lie in the object store below `<tenant>/<media id>/`; exports below `<tenant>/exports/`
and what a roster says of staff below `<tenant>/rosters/`, for a day.

A person takes everything of hers along (`POST /v1/me/export`, `comewatch person export`), it can be taken in elsewhere
(`comewatch person import`), and she is forgotten by `comewatch person forget`. What is held for an incident is kept until
the operator releases it: until then she is not forgotten, and the command says what it waits for.
"""

if __name__ == "__main__":
    from pathlib import Path

    Path("docs/data-map.md").write_text(markdown(), encoding="utf-8")
