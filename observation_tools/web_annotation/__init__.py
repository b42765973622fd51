"""Notes as W3C Web Annotations (Web Annotation Data Model, 2017), and back.

| note | motivation | purpose of its text |
|---|---|---|
| noticing | commenting | commenting |
| wondering | questioning | questioning |
| quote | highlighting | describing: it is what was said, not what the observer says of it |
| tally | tagging | commenting |
| code | classifying | commenting |
| next_step | editing: a change that is asked for | editing |

A note's code is a tag; its instrument is a tag as well, known by an id of its own. Its time is a media fragment of the
target, the moment of the day the target's TimeState. Others' motivations (assessing among them: nobody is assessed here)
are read as a noticing. How comments on a recording are written: `comments`.

>>> from observation_tools.notes import Note
>>> note = Note("n1", "quote", "Why is x < 2?", at_ms=61_000, until_ms=63_500)
>>> read_annotations(to_annotations([note], source="https://example.org/lesson.mp4")).notes == (note,)
True
"""

from observation_tools.web_annotation.comments import comments_to_annotations, read_comments
from observation_tools.web_annotation.reading import read_annotations
from observation_tools.web_annotation.writing import to_annotations

__all__ = ["comments_to_annotations", "read_annotations", "read_comments", "to_annotations"]
