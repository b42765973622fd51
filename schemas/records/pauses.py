"""Pauses: the question to a host about somebody who evaluates her, and her answer."""

from __future__ import annotations

from observation_tools.states import PAUSE
from schemas.base import RecordSchema
from schemas.fields import Choice, Id, Moment

_OWNED = {"server_owned": True}


class PauseSchema(RecordSchema):
    """Somebody evaluates you and reads nothing of your visits: keep it so (`kept`), or let her see again (`lifted`)?

    Nobody else reads your answer. It stands after she evaluates you no more; if she does again, you are asked again.
    """

    person_id = Id(required=True, metadata=_OWNED)
    evaluator_id = Id(required=True, metadata=_OWNED)
    began_at = Moment(allow_none=True, metadata=_OWNED)
    ended_at = Moment(allow_none=True, metadata=_OWNED)
    state = Choice(*PAUSE.states)
