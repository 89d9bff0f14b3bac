"""Why an environment cannot be used: a value for the caller, who turns it into records."""

from __future__ import annotations

import re
from pathlib import Path

from harness import proc
from harness.errors import HarnessError, disk_is_full
from harness.verdict import Reason

_NO_SPACE = re.compile(r"(?i)no space left on device|disk quota exceeded|os error (28|122)\b")
_UNSATISFIABLE = re.compile(r"No solution found|Couldn't parse requirement|unsatisfiable")
_NO_NETWORK = ("network was disabled", "Network connectivity is disabled")
_NOT_CACHED = re.compile(
    r"(\S+) (?:was not found in the cache|needs to be downloaded from)|Failed to download `([^`]+)`"
)
# The solver also says "unsatisfiable" when it was not allowed to look: that is no fault of the specification.
_NOT_ASKED = (*_NO_NETWORK, "provided package locations")


_LINES = 12  # of output in a message


class EnvironmentBuildError(Exception):
    """One environment cannot be built or does not work; the run goes on without it.

    Attributes:
        reason: one of the reasons of the environment stage.
        message: what happened, with the builder's own words.
        log: complete output of the build.
        declared_so: whether a model's author asks for what cannot be, so that trying again is in vain.
    """

    def __init__(self, reason: Reason, message: str, log: Path, *, declared_so: bool = False) -> None:
        super().__init__(reason, message, log)
        self.reason = reason
        self.message = message
        self.log = log
        self.declared_so = declared_so

    def __str__(self) -> str:
        return self.message

    def with_log(self, log: Path) -> EnvironmentBuildError:
        """The same, with the log at another place."""
        return EnvironmentBuildError(self.reason, self.message, log, declared_so=self.declared_so)


def from_process(
    what: str, ended: proc.Finished, log: Path, *, output: str | None = None
) -> EnvironmentBuildError:
    """The error for a command of the build that did not succeed.

    Args:
        output: what it printed, if that is not simply the end of ``log``.
    """
    output = proc.tail(log, lines=200, limit=60_000) if output is None else output
    reason = _reason(output)
    # A solver's explanation may be long, and is the one thing that helps: it is kept whole.
    start = output.rfind("No solution found") if reason is Reason.ENVIRONMENT_UNSATISFIABLE else -1
    words = output[start:] if start >= 0 else "\n".join(output.splitlines()[-_LINES:])
    how = missing_offline(output) or how_it_ended(ended)
    return EnvironmentBuildError(reason, f"{what}: {how}\n{words}", log)


def missing_offline(output: str) -> str:
    """What uv has not in its cache and was not allowed to download, in one sentence; empty if it was."""
    if not any(words in output for words in _NO_NETWORK):
        return ""
    found = (match[1] or match[2] for match in _NOT_CACHED.finditer(output))
    names = ", ".join(dict.fromkeys(found))
    return (
        f"{names or 'something that is needed'}: not in the cache of uv, and downloads are switched off; "
        "do it once without --offline (HARNESS_OFFLINE, UV_OFFLINE)"
    )


def from_words(what: str, words: str, log: Path) -> EnvironmentBuildError:
    """The error for a step of the build that told why it did not succeed."""
    return EnvironmentBuildError(_reason(words), f"{what}: {words}", log)


def how_it_ended(ended: proc.Finished) -> str:
    """How a command of the build came to its end, in words."""
    if ended.timed_out:
        return f"no end after {ended.seconds:.0f} s"
    if not ended.supervised:
        return "its supervisor was killed"
    if ended.signal is not None:
        return f"ended by {ended.signal}"
    return f"exit code {ended.exit_code}"


def from_exception(what: str, error: OSError | HarnessError, log: Path) -> EnvironmentBuildError:
    """The error for what the operating system refused while the environment was made."""
    cause = error if isinstance(error, OSError) else error.__cause__
    reason = Reason.DISK_FULL if disk_is_full(cause) else Reason.ENVIRONMENT_BUILD_FAILED
    return EnvironmentBuildError(reason, f"{what}: {error}\n{proc.tail(log)}".rstrip(), log)


def _reason(output: str) -> Reason:
    if _NO_SPACE.search(output):
        return Reason.DISK_FULL
    if _UNSATISFIABLE.search(output) and not any(words in output for words in _NOT_ASKED):
        return Reason.ENVIRONMENT_UNSATISFIABLE
    return Reason.ENVIRONMENT_BUILD_FAILED
