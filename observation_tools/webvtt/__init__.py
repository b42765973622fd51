"""Notes as WebVTT, the text track that any video player can lay on a recording (W3C WebVTT, 2019), and back.

Three kinds of track. Captions are for people to read (`to_webvtt`); chapters give each piece of the lesson a title
(`to_chapters`); a metadata track holds one JSON object per cue with all that a note is (`to_metadata`), so that
`read_notes` gives back exactly the notes that were written. What others wrote is read by `read_webvtt`.

>>> from observation_tools.notes import Note
>>> note = Note("n1", "quote", "Why is x < 2 --> y?", at_ms=61_000)
>>> read_notes(to_metadata([note])).notes == (note,)
True
"""

from observation_tools.webvtt.chapters import chapters, to_chapters
from observation_tools.webvtt.metadata import read_notes, to_metadata
from observation_tools.webvtt.reading import Track, TrackCue, read_webvtt
from observation_tools.webvtt.words import spoken
from observation_tools.webvtt.writing import Cue, timestamp, to_webvtt

__all__ = ["Cue", "Track", "TrackCue", "chapters", "read_notes", "read_webvtt", "spoken", "timestamp"]
__all__ += ["to_chapters", "to_metadata", "to_webvtt"]
