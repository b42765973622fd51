"""The craft of watching a lesson together: the ground floor of the house.

What lives here, each in a room of its own:

- `states`        how an invitation, a seat, a visit, a note may move (the machinery: `state_machine`)
- `timed_coding`  who did what, to the millisecond, and how much of the lesson each code took
- `instruments`   what observers look with: versions that never change, and a small catalogue of them
- `agreement`     how far two or more observers saw the same lesson
- `feedback`      how soon, how specific, and whether it was tried
- `notes`         a note as it leaves one house and enters another
- `lesson_time`  where notes of several phones lie on one lesson, and on a recording of it
- `webvtt`        notes as a text track that any video player can show, and back
- `web_annotation`  notes as W3C Web Annotations, and back (their times: `media_fragments`)
- `errors`        what was wrong, where, and what to do about it

What does not live here: people, schools, tables, HTTP, clocks, files of anyone. Only the standard library is
imported; data are frozen and functions are pure, so that a researcher can use this floor without any server.
Times of a lesson are integers of milliseconds from its start and end in `_ms`. Nothing here adds up to a
score of a person.
"""
