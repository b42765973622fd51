"""Listens to every answer of every test: does it hold words that its asker may not see?

Words are what goes through the door (`note`); who may see them is asked of the same two tables as ever, at the time of the
answer, by the superuser, so that neither the app's statements nor its own are trusted. Whoever wrote words knows them. An answer
during which others wrote to the tenant is left out: nobody can say what was visible then. Log lines are held against all words.
`tests/conftest.py` names this plugin; `tests/rights/test_canary.py` shows that it can find a leak.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest
import structlog
from flask import Flask
from marshmallow import fields
from sqlalchemy import make_url
from werkzeug.http import parse_cookie

from schemas.fields import Words
from service.api.browsers import COOKIE
from service.api.services import EXTENSION, Services
from service.integrations.calendar import links
from service.records import KINDS
from sync.changes import Change
from sync.server.inbox import Arrival
from sync.server.push import Door
from tests import tally

LEAKS: list[str] = []
SHORTEST = 8
MOST = 300
"""Words of a tenant that are looked for, the newest: simulations write thousands."""
_PLAIN = re.compile(rb"[A-Za-z0-9 ,!?-]{%d,}" % SHORTEST)
_SEEN = b"""
SELECT count(*) FROM sync_document d WHERE d.tenant_id = %(tenant)s AND NOT d.deleted AND strpos(d.body, %(words)s) > 0 AND EXISTS (
  SELECT 1 FROM sync_entry e JOIN sync_membership m ON m.tenant_id = e.tenant_id AND m.scope_id = e.scope_id
   WHERE e.tenant_id = %(tenant)s AND e.collection = d.collection AND e.record_id = d.record_id AND NOT e.removed
     AND m.person_id = %(person)s AND m.active)
"""
_EARLIER = b"""
SELECT count(*) FROM sync_history h WHERE h.tenant_id = %(tenant)s AND strpos(h.body, %(words)s) > 0 AND EXISTS (
  SELECT 1 FROM sync_entry e JOIN sync_membership m ON m.tenant_id = e.tenant_id AND m.scope_id = e.scope_id
   WHERE e.tenant_id = %(tenant)s AND e.collection = h.collection AND e.record_id = h.record_id AND NOT e.removed
     AND m.person_id = %(person)s AND m.active)
"""

_CALENDAR = "/v1/calendar/"
_ROSTERS = "/v1/admin/roster/"
"""Whoever asks there is told what her own file says, of which nothing went through the door yet."""
_WHOSE = b"SELECT person_id FROM session WHERE tenant_id = %(tenant)s AND id = %(session)s"


@dataclass
class Heard:
    """What is known of one tenant: its words, who wrote each, and who was found to see them since the last write."""

    words: dict[bytes, set[str]] = field(default_factory=lambda: defaultdict(set))
    seen: set[tuple[str, bytes]] = field(default_factory=set)
    writes: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def others(self) -> int:
        """How often other threads wrote."""
        return sum(self.writes.values()) - self.writes[threading.get_ident()]


TENANTS: dict[UUID, Heard] = defaultdict(Heard)
LINES: list[str] = []
_LOOKING: dict[str, psycopg.Connection[Any]] = {}
_TEXTS = {
    name: [key for key, it in kind.schema.fields.items() if isinstance(it, Words | fields.String)]
    for name, kind in KINDS.items()
}


def words_of(text: Any) -> bytes | None:
    """The longest piece of a text that every encoding leaves as it is; None of what is too short to be anybody's."""
    pieces = _PLAIN.findall(text.encode("utf-8", "replace")) if isinstance(text, str) else []
    longest = max(pieces, key=len, default=b"").strip()[:200]
    return longest if len(longest) >= SHORTEST and b" " in longest else None


def note(tenant_id: UUID, person_id: str, changes: Iterable[Change]) -> None:
    """Remember what somebody writes."""
    heard = TENANTS[tenant_id]
    heard.writes[threading.get_ident()] += 1
    heard.seen.clear()
    for change in changes:
        if not (isinstance(change.collection, str) and isinstance(change.fields, Mapping)):
            continue  # it is refused: some tests send what is no change
        for name in _TEXTS.get(change.collection, ()):
            words = words_of(change.fields.get(name))
            if words is not None:
                heard.words[words].add(person_id)
    for old in list(heard.words)[:-MOST]:
        del heard.words[old]


_push_together = Door.push_together
_refuse = Door.refuse


def _pushes(door: Door, connection: Any, arrivals: Sequence[Arrival]) -> Any:
    for arrival in arrivals:
        note(arrival.actor.tenant_id, arrival.actor.person_id, arrival.changes)
    return _push_together(door, connection, arrivals)


def _refuses(door: Door, connection: Any, actor: Any, change: Change, problem: Any) -> Any:
    note(actor.tenant_id, actor.person_id, [change])
    return _refuse(door, connection, actor, change, problem)


Door.push_together = _pushes  # type: ignore[method-assign]  # every write of a record goes there, `push` too
Door.refuse = _refuses  # type: ignore[method-assign]  # but for what is kept without being judged
_call = Flask.__call__


def _calls(app: Flask, environ: Any, start_response: Callable[..., Any]) -> Any:
    services = app.extensions.get(EXTENSION)
    if services is None:
        return _call(app, environ, start_response)
    tenant_id, person_id = _who_asks(services, environ)
    others = {one: TENANTS[one].others() for one in _held_against(tenant_id)}
    answer = _call(app, environ, start_response)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    _listen(services, environ, tenant_id, person_id, body, others)
    return [body]


Flask.__call__ = _calls  # type: ignore[method-assign]  # every answer goes through there


def _held_against(tenant_id: UUID | None) -> list[UUID]:
    """Whose words an answer is looked through for: the asker's tenant's, and the two that wrote last."""
    return list(dict.fromkeys([*([tenant_id] if tenant_id else []), *list(TENANTS)[-2:]]))


def _who_asks(services: Services, environ: Any) -> tuple[UUID | None, str]:
    """Whom the app answers: where the address is the leave, whose address it is, whatever token comes along."""
    if environ["PATH_INFO"].startswith(_CALENDAR):
        return _of_calendar(services, environ["PATH_INFO"])
    tenant_id, person_id = _asker(environ.get("HTTP_AUTHORIZATION", ""))
    if tenant_id is None:
        return _in_browser(services, environ.get("HTTP_COOKIE", ""))
    return tenant_id, person_id


def _asker(header: str) -> tuple[UUID | None, str]:
    """Whom a token names, whether or not it is good."""
    try:
        said = header.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        return UUID(claims["tid"]), claims["sub"]
    except (IndexError, ValueError, KeyError):
        return None, ""


def _in_browser(services: Services, cookies: str) -> tuple[UUID | None, str]:
    """Whose browser it is, by the cookie of our pages, whether or not she is still signed in."""
    said = services.tokens.read_browser(parse_cookie(cookies).get(COOKIE, ""))
    if said is None:
        return None, ""
    asked = {"tenant": said.tenant_id, "session": said.session_id}
    row = _looked(services, _WHOSE, asked)
    return said.tenant_id, str(row[0]) if row else ""


def _of_calendar(services: Services, path: str) -> tuple[UUID | None, str]:
    """Whose calendar lies at this address: whoever has it reads what she may see."""
    token = path.removeprefix(_CALENDAR).removesuffix(".ics")
    tenant_id = links.tenant_of(token)
    if tenant_id is None:
        return None, ""
    with services.database.begin(tenant_id) as connection:
        return tenant_id, links.person_of(connection, tenant_id, token) or ""


def _listen(
    services: Services,
    environ: Any,
    tenant_id: UUID | None,
    person_id: str,
    body: bytes,
    others: dict[UUID, int],
) -> None:
    if environ["PATH_INFO"].startswith(_ROSTERS):
        return
    tally.count("answers were held against words of people, by the canary", 1)
    for whose in others:
        heard = TENANTS[whose]
        tally.count("pairs of an answer and words were compared", len(heard.words))
        hers = person_id if whose == tenant_id else ""
        for words in [words for words in list(heard.words) if words in body]:
            if hers in heard.words[words] or (hers, words) in heard.seen:
                continue
            if _sees(services, whose, hers, words, environ["PATH_INFO"]):
                heard.seen.add((hers, words))
            elif (
                tenant_id and whose != tenant_id and _says_too(services, tenant_id, person_id, words, environ)
            ):
                continue  # the same words may be said in two tenants
            elif any(TENANTS[one].others() != earlier for one, earlier in others.items()):
                tally.count("answers were left out, as others wrote meanwhile", 1)
            else:
                LEAKS.append(
                    f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} tells {hers or 'a stranger'} {words!r}"
                )


def _says_too(services: Services, tenant_id: UUID, person_id: str, words: bytes, environ: Any) -> bool:
    """Whether the same words were said in her own tenant: alone, or as a part of what she may see there."""
    return words in TENANTS[tenant_id].words or _sees(
        services, tenant_id, person_id, words, environ["PATH_INFO"]
    )


def _sees(services: Services, tenant_id: UUID, person_id: str, words: bytes, path: str) -> bool:
    """Whether the words stand in something that this person may see now; in a history, in what it said before."""
    asked = {"tenant": tenant_id, "person": person_id, "words": words.decode()}
    statements = (_SEEN, _EARLIER) if path.endswith("/history") else (_SEEN,)
    return bool(person_id) and any(_looked(services, one, asked) != (0,) for one in statements)


def _looked(services: Services, statement: bytes, asked: Mapping[str, Any]) -> Any:
    """A row, seen by the superuser; asked anew where a test has put another database in the place of this one."""
    url = services.settings.database_url
    try:
        return _looking(url).execute(statement, asked).fetchone()
    except psycopg.OperationalError:
        close()
        return _looking(url).execute(statement, asked).fetchone()


def _looking(url: str) -> psycopg.Connection[Any]:
    """A connection of the superuser to this database; one at a time is kept. What was seen in another is forgotten."""
    from tests.conftest import owner_url

    if url not in _LOOKING:
        close()
        for heard in list(TENANTS.values()):
            heard.seen.clear()
        plain = make_url(owner_url(url)).set(drivername="postgresql").render_as_string(hide_password=False)
        _LOOKING[url] = psycopg.connect(plain, autocommit=True)
    return _LOOKING[url]


def close() -> None:
    """Let the database go."""
    while _LOOKING:
        _LOOKING.popitem()[1].close()


_print = structlog.PrintLogger.msg


def _prints(logger: Any, message: str) -> None:
    LINES.append(message)
    _print(logger, message)


for _name in (
    "msg",
    "log",
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "err",
    "critical",
    "fatal",
    "failure",
):
    if hasattr(structlog.PrintLogger, _name):
        setattr(structlog.PrintLogger, _name, _prints)


def said_in_logs() -> list[str]:
    """The words of people that stand in the lines which this test logged."""
    said = "\n".join(LINES).encode()
    held = {words for one in list(TENANTS)[-2:] for words in TENANTS[one].words} if said else set()
    return [f"a log says {words!r}" for words in held if words in said]


@pytest.fixture(autouse=True)
def canary() -> Iterator[None]:
    """Fail the test in which somebody was told what she may not see, or a log line said it."""
    LEAKS.clear()
    LINES.clear()
    yield
    tally.count("lines of logs were read by the canary", len(LINES))
    LEAKS.extend(said_in_logs())
    if LEAKS:
        pytest.fail("\n".join(LEAKS[:5]))


def pytest_sessionfinish() -> None:
    close()
