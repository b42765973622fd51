"""Becoming a lesser user in a child, between fork and exec.

PostgreSQL refuses root, and a project cloned by root often lies where nobody else may pass (`/root`, a
directory of mktemp). There the child may keep one capability, the right to walk through closed
directories, and gives up the rest.
"""

from __future__ import annotations

import ctypes
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

PR_SET_SECUREBITS = 28
# A change of user leaves capabilities alone, and access(2), which PostgreSQL asks about itself, respects them.
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
# To pass and read; containers commonly lack the first and have the second, which may also write.
CAP_DAC_READ_SEARCH = 2
CAP_DAC_OVERRIDE = 1

# Loaded before any fork: loading a library between fork and exec may deadlock.
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Account:
    """The user a child runs as; by default the one we are."""

    uid: int | None = None
    gid: int | None = None
    passes_closed_directories: bool = False


OURSELVES = Account()


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def unprivileged() -> Account | None:
    """The account for a server that refuses root: ourselves, or a lesser one when we are root, or None."""
    if os.geteuid() != 0:
        return OURSELVES
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    return None


def first_closed(path: Path, account: Account) -> Path | None:
    """The first directory on the way to `path` that `account` may not enter."""
    for directory in reversed(path.parents):
        found = directory.stat()
        if found.st_uid == account.uid:
            allowed = found.st_mode & 0o100
        elif found.st_gid == account.gid:
            allowed = found.st_mode & 0o010
        else:
            allowed = found.st_mode & 0o001
        if not allowed:
            return directory
    return None


def become(account: Account) -> None:
    """Called in the child: gives up root for good."""
    if account.uid is None or account.gid is None:
        return
    keeps = account.passes_closed_directories and hasattr(_libc, "capset")
    if keeps:
        _libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if keeps:
        _keep_only_passing()


def _keep_only_passing() -> None:
    header = _Header(CAPABILITY_VERSION_3, 0)
    # Two words of 32 bits each; the capabilities of interest are in the first.
    sets = (_Sets * 2)()
    _libc.capget(ctypes.byref(header), sets)
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        bit = 1 << capability
        if sets[0].permitted & bit:
            _libc.capset(ctypes.byref(header), (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0)))
            _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)
            return
