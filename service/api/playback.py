"""What a player asks for below a capability: playlists are answered, bytes are elsewhere.

Players send no Authorization header; the address is the leave, and each request asks anew what it is worth. While the
object store is asked, no transaction is open.
"""

from __future__ import annotations

from flask import Response

from schemas.problems import Problem, Refused
from service.api.leave import on_leave
from service.api.services import services
from service.api.smorest import Blueprint
from service.api.terms import Policy
from service.media import playback
from service.media import record as records
from service.media.capability import PLAYBACK
from service.media.record import Media
from service.media.recordings.formats import PLAYLIST
from service.media.store import AbsentError

blueprint = Blueprint(
    "playback", __name__, url_prefix="/v1/play", description="Recordings, as players read them."
)


@blueprint.route(
    "/<string(maxlength=256):token>/<string(maxlength=64):name>", policy=Policy.PUBLIC, secret=True
)
@blueprint.gives(200, {"type": "string"}, content_type=PLAYLIST)
@blueprint.may_give(302, None, "The bytes are there, for a minute; Range requests work.")
@blueprint.refuses(Problem.NOT_FOUND, Problem.UNAVAILABLE)
def piece(token: str, name: str) -> Response:
    """A playlist, or where the bytes are that it names. You are given the first address by `POST /v1/media/{id}/play`."""
    media = still_shown(token)
    found = playback.fetched(media).get(name)
    if found is not None:
        key, media_type = found
        signed = services().store.sign_get(key, media_type, name, playback.BYTES_LAST)
        return Response(status=302, headers={"Location": signed.url})
    try:
        return Response(playback.playlist(services().store, media, name), content_type=PLAYLIST)
    except AbsentError:
        raise Refused(Problem.NOT_FOUND) from None


def still_shown(token: str) -> Media:
    """What the capability names, if its session lives and its person may see it now. Else NOT_FOUND, whatever is why."""
    with on_leave(token, PLAYBACK) as leave:
        return records.find_shown(leave.connection, leave.actor, leave.media_id, leave.services.now())
