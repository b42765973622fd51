"""One transaction per request, and one commit, here: the answer leaves after it, and a fault rolls everything back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from flask import g
from sqlalchemy import Connection

from service.accounts import admission
from service.api.services import Services, services
from service.api.terms import demand_scope, endpoint_terms
from sync.server.actor import Actor

Said = ParamSpec("Said")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Work:
    """One request's work: who asks, and the transaction in which she is answered."""

    services: Services
    connection: Connection
    actor: Actor


def in_transaction(view: Callable[Concatenate[Work, Said], Answer]) -> Callable[Said, Answer]:
    """Hand the view its `Work`; commit when it returns, roll back when it raises.

    Who asks was proved before the body was parsed; whether her session still lives is the transaction's first question.
    """

    @wraps(view)
    def within(*args: Said.args, **options: Said.kwargs) -> Answer:
        if "work" in g:  # begun by `once`, which commits
            return view(g.work, *args, **options)
        with begun() as work:
            return view(work, *args, **options)

    return within


@contextmanager
def begun() -> Iterator[Work]:
    """The asker's transaction: committed at the end of the block, rolled back when it raises."""
    claims = g.claims
    using = services()
    question = admission.question(claims, using.now())
    with using.database.begin_asking(claims.tenant_id, question) as (connection, (rows,)):
        actor = admission.admit(connection, rows, claims, using.now())
        terms = endpoint_terms()
        demand_scope(
            terms.scopes if terms else (), actor.token_scopes
        )  # what it was given may be less by now
        yield Work(using, connection, actor)
