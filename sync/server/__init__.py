"""The server's end of the wire.

`push` is the one door through which every write to a synced record goes; `feed` is the one way that a person's phone
reads; `audience` is the one answer to "may she see it". Kinds come from outside, declared by `kind.Kind`.
"""
