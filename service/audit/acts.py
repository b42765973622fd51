"""The words of the audit log. What is not listed here is not noted: a new act is a line in this file."""

from __future__ import annotations

import re
from collections.abc import Mapping

ACTS = frozenset(
    {
        "signed_in",
        "sign_in_failed",
        "session_ended",
        "device_wiped",
        "passkey_added",
        "passkey_removed",
        "code_made",
        "person_added",
        "person_changed",
        "role_granted",
        "role_ended",
        "evaluator_began",
        "evaluator_ended",
        "evaluator_readmitted",
        "evaluator_kept_out",
        "consent_withdrawn",
        "media_held",
        "media_released",
        "link_issued",
        "export_asked",
        "export_fetched",
        "import_done",
        "erasure_asked",
        "erasure_done",
        "app_registered",
        "app_approved",
        "app_refused",
        "app_revoked",
        "app_allowed_by_person",
        "app_ended_by_person",
        "token_reused",
        "provider_changed",
        "webhook_changed",
        "roster_asked",
        "roster_applied",
        "calendar_changed",
        "limits_changed",
        "administered",
    }
)
WORDS = frozenset(
    {
        "person_id",
        "host_id",
        "by",
        "session_id",
        "device_id",
        "app_id",
        "grant_id",
        "record_id",
        "collection",
        "visit_id",
        "media_id",
        "webhook_id",
        "provider_id",
        "passkey_id",
        "export_id",
        "import_id",
        "calendar_id",
        "role",
        "way",
        "reason",
        "scope",
        "count",
        "until",
    }
)
"""What an act is about."""
_PLAIN = re.compile(r"[A-Za-z0-9_.:/+-]{1,128}")


def checked(act: str, about: Mapping[str, str | int]) -> dict[str, str | int]:
    """What is noted of an act; ValueError for a word that is not listed and a value that is no id, word, time or count."""
    if act not in ACTS:
        raise ValueError(f"the audit log has no act {act!r}: add it to service/audit/acts.py")
    for name, value in about.items():
        if name not in WORDS:
            raise ValueError(f"the audit log has no word {name!r}: add it to service/audit/acts.py")
        if isinstance(value, str) and not _PLAIN.fullmatch(value):
            raise ValueError(f"{name} is no id, word or time: the audit log keeps nothing that was typed")
    return dict(about)
