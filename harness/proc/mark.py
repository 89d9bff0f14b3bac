"""A mark that all descendants of a process bear, however they hide.

A limit on real-time scheduling that no other process has: it is inherited, it survives an emptied
environment, a new session and the death of all parents, only root can raise it again, and nothing here is
ever scheduled in real time. Linux only; elsewhere nothing bears a mark.
"""

from __future__ import annotations

import contextlib
import secrets
import sys

import psutil

RLIMIT = "RLIMIT_RTTIME"
_HIGHEST = 2**60  # microseconds: no limit at all


def new(depth: int = 0) -> int:
    """A value of RLIMIT_RTTIME that a child may still be given.

    Args:
        depth: how many above it bear a mark of this process. Each mark is lower than all that are less deep:
            else a child could not be given its own.
    """
    highest = _HIGHEST
    if sys.platform == "linux":
        hard = psutil.Process().rlimit(psutil.RLIMIT_RTTIME)[1]
        highest = hard if 0 < hard < _HIGHEST else _HIGHEST
    highest >>= depth
    return highest - 1 - secrets.randbelow(highest // 2)


def bearers(mark: int) -> list[psutil.Process]:
    """The processes of this user that bear the mark and have not ended. Looks at every process there is."""
    found: list[psutil.Process] = []
    if sys.platform == "linux":
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):  # another user's, or gone
                borne = process.rlimit(psutil.RLIMIT_RTTIME)[1]
                if borne == mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found
