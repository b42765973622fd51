"""Mail: what is to be sent is a row, written in the caller's transaction; the worker sends it.

`post` is all that other rooms need. Who may be written to, and in which words, is theirs to say.
"""

from service.mail.outbox import Mail, post

__all__ = ["Mail", "post"]
