"""Sends digests: to each who wants one, when the clock on her wall has passed her hour and she had none on that date.

What is told are the changes that were numbered since the last one: a worker that was off loses nothing, and mails once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, update

from service.integrations import preferences
from service.integrations.digest import unsubscribe
from service.integrations.digest.gathering import News, gather
from service.integrations.digest.words import WORDS
from service.integrations.preferences import preference
from service.mail import Mail, post
from sync.server import sequence
from sync.server.actor import Actor

LONGEST_TITLE = 200
Address = Callable[[str], str | None]
"""The address of a person, None when she has none."""


def send(
    connection: Connection,
    tenant_id: UUID,
    address: Address,
    link_of: Callable[[UUID, str], str],
    now: datetime,
) -> None:
    """Post what is due; who has nothing to hear gets no mail, and is looked at again the next day."""
    for row in preferences.wanting_digests(connection, tenant_id):
        hers = dict(row._mapping)
        if not _is_due(hers, now):
            continue
        upto = sequence.read(connection, tenant_id).seq
        news = gather(connection, Actor(tenant_id, row.person_id, "digest"), (row.digest_seq, upto), now)
        to = address(row.person_id)
        if news and to is not None:
            mail = _mail(hers, news, to, link_of(tenant_id, row.person_id), now)
            post(connection, tenant_id, mail, now)
        its = (preference.c.tenant_id == tenant_id, preference.c.person_id == row.person_id)
        done = {"digest_on": preferences.local(hers, now).date(), "digest_seq": upto}
        connection.execute(update(preference).where(*its).values(done))


def link_by(public_url: str, secret_key: bytes) -> Callable[[UUID, str], str]:
    """Makes the address that ends a person's digests."""

    def link_of(tenant_id: UUID, person_id: str) -> str:
        return f"{public_url}/v1/digest/unsubscribe/{unsubscribe.token(secret_key, tenant_id, person_id)}"

    return link_of


def _is_due(hers: Mapping[str, Any], now: datetime) -> bool:
    at_hers = preferences.local(hers, now)
    waited: bool = hers["digest_on"] is None or at_hers.date() > hers["digest_on"]
    return waited and at_hers.hour >= int(hers["hour"])


def _mail(hers: Mapping[str, Any], news: News, to: str, link: str, now: datetime) -> Mail:
    words = WORDS[hers["language"]]
    parts = [
        _list(words["doors"], news.doors, hers, words),
        _list(words["lessons"], news.lessons, hers, words),
    ]
    parts += [words[name].format(count=count) for name, count in _counts(news).items() if count]
    text = "\n\n".join([*filter(None, parts), words["end"].format(link=link)])
    until = preferences.tomorrow(hers, now)
    return Mail(to, words["subject"], f"{text}\n", unsubscribe=link, good_until=until)


def _counts(news: News) -> dict[str, int]:
    return {"notes": news.notes, "requests": news.requests}


def _list(title: str, rows: Any, hers: Mapping[str, Any], words: Mapping[str, str]) -> str:
    lines = [
        f"- {preferences.local(hers, row.starts_at):%Y-%m-%d %H:%M}  "
        f"{' '.join((row.look_for or '').split())[:LONGEST_TITLE] or words['untitled']}"
        for row in rows
    ]
    return "\n".join([title, *lines]) if lines else ""
