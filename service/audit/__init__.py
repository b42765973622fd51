"""The audit log: who did what to whose rights, devices and files; added to and never changed.

`acts` the words that it knows · `log` its tables and `note` · `verify` what finds an edit, a deletion, a truncation,
a reordering or an insertion. What does not live here: content, names, addresses, secrets; and nothing of a sync push
but acts that change who may see something.
"""

from __future__ import annotations

from service.audit.log import note

__all__ = ["note"]
