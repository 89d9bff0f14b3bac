"""What can stop a command, and the exit code of each.

    HarnessError                 2   base; never raised itself
    ├── UsageError               2   the command line asks for something that cannot be
    ├── ConfigurationError       2   a data file (environment, plan, ledger) is not what it must be
    ├── CollectionError          2   the collection as a whole cannot be read
    ├── IsolationError           2   the level of isolation that was asked for does not hold here
    ├── OutputError              3   results cannot be written: nothing was concluded
    ├── GitHubError              3   GitHub did not take or give what was asked: nothing was said there
    ├── RefusedError             3   what another job handed over is not taken: nothing was concluded
    ├── RemoteError              3   a repository elsewhere cannot be reached: nothing was published
    └── Interrupted            130   stopped by the user; what was recorded stays

A fault of one model or of one environment is no exception of this tree: it becomes a record
(:mod:`harness.verdict`) and the run goes on.
"""

from __future__ import annotations

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command (a contract: other programs read them)."""

    SATISFIED = 0
    FAILED = 1
    USAGE = 2
    NO_VERDICT = 3
    INTERRUPTED = 130


class HarnessError(Exception):
    """One sentence for the user: what is wrong, where (file and field), and what to do."""

    exit_code: ExitCode = ExitCode.USAGE


class UsageError(HarnessError):
    """The command line names something that does not exist or does not fit together."""


class ConfigurationError(HarnessError):
    """A data file of the harness itself is unreadable, has an unknown version or a wrong field."""


class CollectionError(HarnessError):
    """The collection does not exist, is empty, or holds two models with one id."""


class IsolationError(HarnessError):
    """A level of isolation cannot be had on this machine, or its probe got out."""


class OutputError(HarnessError):
    """The output folder or the cache cannot be written."""

    exit_code = ExitCode.NO_VERDICT


class GitHubError(HarnessError):
    """GitHub cannot be reached, refuses, or answers what it should not.

    Attributes:
        status: of GitHub's answer; 0 without one.
    """

    exit_code = ExitCode.NO_VERDICT

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class NotHandedOverError(GitHubError):
    """GitHub does not hand over something in one answer, however often it is asked."""


class RefusedError(HarnessError):
    """What another job handed over is not what it may be; nothing of it is taken."""

    exit_code = ExitCode.NO_VERDICT


class RemoteError(HarnessError):
    """A repository on another machine cannot be read or written; later it may."""

    exit_code = ExitCode.NO_VERDICT


class Interrupted(HarnessError):
    """The user stopped the run."""

    exit_code = ExitCode.INTERRUPTED


def disk_is_full(error: BaseException | None) -> bool:
    """Whether the operating system refused to write for want of space or quota."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
