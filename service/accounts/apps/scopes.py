"""What an app can be let do, each in the words that a person reads before she agrees. None of it is for evaluation.

A scope that writes also reads what it writes. What each opens stands at the kinds (`service.records`) and at the routes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What it allows, in English and in Spanish. `by_itself`: an app may have it without any person."""

    en: str
    es: str
    by_itself: bool = False


SCOPES = {
    "profile": Scope(
        "Know your name, your school and your roles", "Saber su nombre, su escuela y sus funciones"
    ),
    "people:read": Scope(
        "See your colleagues, groups and schools", "Ver a sus colegas, sus grupos y sus escuelas"
    ),
    "invitations:read": Scope(
        "See the invitations and seats that you see", "Ver las invitaciones y los lugares que usted ve"
    ),
    "invitations:write": Scope(
        "See invitations, and invite, ask and answer in your name",
        "Ver las invitaciones, e invitar, pedir y responder en su nombre",
    ),
    "visits:read.own": Scope(
        "See the visits that you are part of, or that were opened to you",
        "Ver las visitas en las que participa o que se abrieron para usted",
    ),
    "visits:write": Scope(
        "See the visits that you see, and start and change them in your name",
        "Ver las visitas que usted ve, e iniciarlas y cambiarlas en su nombre",
    ),
    "notes:read": Scope(
        "Read the notes, debriefs and next steps that you can read",
        "Leer las notas, las conversaciones y los próximos pasos que usted puede leer",
    ),
    "notes:write": Scope(
        "Read notes, debriefs and next steps, and write, share and release them in your name",
        "Leer notas, conversaciones y próximos pasos, y escribirlos, compartirlos y publicarlos en su nombre",
    ),
    "media:read": Scope(
        "See photos and recordings that you can see, and comments on them",
        "Ver las fotos y grabaciones que usted puede ver, y sus comentarios",
    ),
    "media:write": Scope(
        "See photos and recordings, and send, comment and delete them in your name",
        "Ver fotos y grabaciones, y enviarlas, comentarlas y borrarlas en su nombre",
    ),
    "trends:read": Scope(
        "Read sums over many visits, which show no person",
        "Leer totales de muchas visitas, que no muestran a ninguna persona",
        by_itself=True,
    ),
    "roster:read": Scope(
        "Read the list of schools and staff", "Leer la lista de escuelas y personal", by_itself=True
    ),
    "webhooks:manage": Scope(
        "Be told that something changed, without its contents",
        "Recibir avisos de que algo cambió, sin su contenido",
    ),
}
BY_ITSELF = frozenset(name for name, scope in SCOPES.items() if scope.by_itself)


def read(text: str | None) -> frozenset[str]:
    """The scopes of a request, which parts them by spaces.

    >>> sorted(read("notes:read profile"))
    ['notes:read', 'profile']
    """
    return frozenset((text or "").split())


def write(scopes: Iterable[str]) -> str:
    """Scopes as an answer says them.

    >>> write({"profile", "notes:read"})
    'notes:read profile'
    """
    return " ".join(sorted(scopes))
