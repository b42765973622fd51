"""Any note that there can be, for property tests."""

from hypothesis import strategies as st

from observation_tools.notes import NOTE_KINDS, Note

NASTY = [
    "",
    "\r",
    "a\r\rb",
    "\n\n",
    "-->",
    "&lt;",
    "<v Eve>",
    "\0",
    "\u2028",
    "\x85",
    "𝒳 😀",
    '"}\n\n{"',
    "\\u003c",
]
typed = st.text(max_size=40) | st.sampled_from(NASTY)
maybe = st.none() | typed
whole = st.none() | st.integers(0, 2**31 - 1)


@st.composite
def notes(draw: st.DrawFn) -> Note:
    """Any note: what its texts hold and which of its times it has is open."""
    at_ms, length = draw(whole), draw(st.none() | st.integers(0, 10_000))
    return Note(
        draw(typed),
        draw(st.sampled_from(NOTE_KINDS)),
        *(draw(maybe) for _ in ("text", "code", "instrument")),
        at_ms=at_ms,
        until_ms=None if length is None else (at_ms or 0) + length,
        at=draw(maybe),
        clock_offset_ms=draw(st.none() | st.integers(-(2**31), 2**31 - 1)),
        created_by=draw(maybe),
        created_at=draw(maybe),
        updated_at=draw(maybe),
    )
