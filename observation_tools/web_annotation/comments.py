"""Comments on a recording as annotations of it, and back.

A reply is an annotation of two things, the recording and the comment that it answers; whether a comment is settled is a
tag known by an id of its own.

>>> said = [Comment("c1", "Who talks?", at_ms=500, resolved=False), Comment("c2", "Ada.", reply_to="c1")]
>>> list(read_comments(comments_to_annotations(said, source="https://example.org/lesson.mp4")).comments) == said
True
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from observation_tools.comments import Comment, CommentsRead
from observation_tools.errors import AnnotationError, CommentError
from observation_tools.notes import Repair
from observation_tools.web_annotation.bodies import Body, read_bodies
from observation_tools.web_annotation.reading import creator_of, each_annotation, text_of
from observation_tools.web_annotation.targets import Target, read_targets
from observation_tools.web_annotation.words import COMMENT, STANDING, iri, name_of
from observation_tools.web_annotation.writing import (
    Members,
    body_of,
    collection,
    creator_in,
    said_only,
    target_of,
)

_WORDS: Mapping[bool, str] = {True: "resolved", False: "open"}
_Placed = tuple[Comment, str]


def comments_to_annotations(
    comments: Iterable[Comment], *, source: str, names: Mapping[str, str] | None = None
) -> Members:
    """The comments about `source` (an IRI) as an AnnotationCollection in JSON-LD; `names` of authors by id."""
    return collection([_annotation(comment, source, names or {}) for comment in comments], source)


def read_comments(document: object) -> CommentsRead:
    """The comments of a document as JSON values; whatever annotations it holds, each is read as a comment.

    What is no text of a comment (tags, further texts) is added to it as text, and told. An annotation about several
    pieces becomes a comment on each. A reply to what it does not name stays, and answers whatever it names.
    Raises `AnnotationError` with the pointer of what cannot be read.

    >>> read_comments({"type": "Annotation", "bodyValue": "hm", "target": "lesson.mp4#t=5"}).comments[0].at_ms
    5000
    """
    found = list(each_annotation(document))
    known = {said["id"] for _, said in found if isinstance(said.get("id"), str)}
    repairs: list[Repair] = []
    placed = [one for at, said in found for one in _comments(said, at, known, repairs)]
    ordered = list(_answered_first(placed, repairs))
    return CommentsRead(tuple(c for c, _ in ordered), tuple(at for _, at in ordered), tuple(repairs))


def _annotation(comment: Comment, source: str, names: Mapping[str, str]) -> Members:
    piece = target_of(source, comment.at_ms, comment.until_ms)
    reply = comment.reply_to is not None
    bodies = [] if comment.text is None else [body_of(comment.text, "replying" if reply else "commenting")]
    if comment.resolved is not None:
        word = _WORDS[comment.resolved]
        bodies.append({"id": STANDING + word} | body_of(word, "tagging"))
    return said_only(
        {
            "id": iri(COMMENT, comment.id),
            "type": "Annotation",
            "motivation": "replying" if reply else "commenting",
            "created": comment.created_at,
            "modified": comment.updated_at,
            "creator": creator_in(comment.created_by, names),
            "body": bodies or None,
            "target": piece if comment.reply_to is None else [piece, iri(COMMENT, comment.reply_to)],
        }
    )


def _comments(said: dict[str, Any], at: str, known: set[str], repairs: list[Repair]) -> Iterator[_Placed]:
    name = text_of(said, "id", at) or ""
    answered, rest = _split(said.get("target"), known - {name})
    alone = answered is not None and not any(rest)
    about_it = said if answered is None else said | {"target": rest}
    targets = (Target(None, None),) if alone else read_targets(about_it, at)
    if any(target.untimed for target in targets):
        repairs.append(
            Repair(f"{at}/target", "what it selects has no time: the comment is about the whole recording")
        )
    text, resolved = _content(read_bodies(said, at), at, repairs)
    about: dict[str, Any] = {
        "id": name_of(COMMENT, name),
        "reply_to": None if answered is None else name_of(COMMENT, answered),
        "created_by": creator_of(said.get("creator")),
        "created_at": text_of(said, "created", at),
        "updated_at": text_of(said, "modified", at),
    }
    ours = name.startswith(COMMENT)
    for target in targets:
        yield _comment(about | {"text": text, "resolved": resolved}, target, ours, at), at


def _comment(about: dict[str, Any], target: Target, ours: bool, at: str) -> Comment:
    # As with notes: an absent start means the beginning, but ours never say more than the comment did.
    starts = target.from_ms is not None or target.to_ms is None or ours
    try:
        return Comment(**about, at_ms=target.from_ms if starts else 0, until_ms=target.to_ms)
    except CommentError as error:
        raise AnnotationError(error.what, where=at, remedy=error.remedy) from None


def _split(target: Any, known: set[str]) -> tuple[str | None, list[Any]]:
    """The first annotation among the targets, which is answered, and the targets without those, each in its place."""
    several = target if isinstance(target, list) else [target]
    answers = [name for one in several if (name := _names(one, known)) is not None]
    return next(iter(answers), None), [one if _names(one, known) is None else None for one in several]


def _names(target: Any, known: set[str]) -> str | None:
    said = target.get("source", target.get("id")) if isinstance(target, dict) else target
    return said if isinstance(said, str) and (said.startswith(COMMENT) or said in known) else None


def _content(bodies: Sequence[Body], at: str, repairs: list[Repair]) -> tuple[str | None, bool | None]:
    standing = {f"{STANDING}{word}": value for value, word in _WORDS.items()}
    said = [standing[body.name] for body in bodies if body.name in standing]
    texts = [body for body in bodies if body.name not in standing]
    repairs += (
        Repair(f"{at}/body", f"a comment has no code: the tag {body.text[:40]!r} became text")
        for body in texts
        if body.tag
    )
    return "\n\n".join(body.text for body in texts) if texts else None, said[0] if said else None


def _answered_first(placed: Sequence[_Placed], repairs: list[Repair]) -> Iterator[_Placed]:
    """Each after the one that it answers; of those that answer each other in a circle the first answers nobody."""
    left = list(placed)
    while left:
        waiting = {comment.id for comment, _ in left}
        ready = [one for one in left if one[0].reply_to not in waiting]
        if not ready:
            comment, at = left.pop(0)
            repairs.append(
                Repair(f"{at}/target", "comments answer each other in a circle: this one answers none")
            )
            yield replace(comment, reply_to=None), at
            continue
        yield from ready
        left = [one for one in left if one[0].reply_to in waiting]
