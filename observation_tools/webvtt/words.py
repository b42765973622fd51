"""The words of a cue: its text without markup."""

import re
from html import unescape

_TAG = re.compile(r"<(/?[A-Za-z][^<>]*|(?:\d+:)?\d\d:\d\d\.\d{3})>", re.ASCII)
_VOICE = re.compile(r"v(?:\.\S*)?\s+(.*)", re.DOTALL)


def spoken(text: str) -> tuple[str, str]:
    """Whose voice it is (the first that a `<v Name>` names; else empty), and the words.

    Tags and times inside are taken out, what they enclose stays, and `&lt;` becomes `<` again. A `<` that opens no tag is
    text: players would drop all that follows it.

    >>> spoken("<v.loud Ada>Is <i>x</i> &lt; 2, or 2 < x?")
    ('Ada', 'Is x < 2, or 2 < x?')
    """
    tags = (tag.group(1) for tag in _TAG.finditer(text))
    voices = (voice.group(1) for tag in tags if (voice := _VOICE.fullmatch(tag)))
    author = " ".join(unescape(next(voices, "")).split())
    return author, unescape(_TAG.sub("", text))
