"""What is told of a scan: what was found, and what of it the policy lets through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from harness.collection.scan.finding import Finding, Level
from harness.plain_text import one_line
from harness.policy.scan import Allow

_MAX_TOLD = 20
_SHOWN = 3


class ScanResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan found, and what of it the policy lets through.

    Attributes:
        status: dangerous if anything is, else failed if anything could not be read, else clean; whether or
            not it is let through.
        message: one sentence; of a clean result, what a reviewer may want to look at.
        found: each dangerous thing that is not let through, e.g. "weights.pt: archive/data.pkl imports
            os.system"; the first 20.
        unreadable: likewise what could not be read.
        allowed: likewise what is let through, with the policy's reason.
        files: those that have to do with any of it.
    """

    status: Literal["clean", "dangerous", "failed"]
    message: str
    found: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Told:
    """What is told of all files, each text once, and no more than anybody reads."""

    def __init__(self) -> None:
        self._levels: set[Level] = set()
        self._texts: dict[Level, list[str]] = {level: [] for level in Level}
        self._allowed: list[str] = []
        self._files: list[str] = []

    def add(self, file: str, finding: Finding, allow: Allow | None) -> None:
        """Tell a finding, which an entry of the policy may let through."""
        self._levels.add(finding.level)
        if finding.level is not Level.NOTE and file not in self._files:
            self._files.append(file)
        if allow is None:
            texts, text = self._texts[finding.level], str(finding)
        else:
            texts, text = self._allowed, f"{finding} (allowed: {one_line(allow.why)})"
        if text not in texts and len(texts) < _MAX_TOLD:
            texts.append(text)

    def result(self, files: int) -> ScanResult:
        """What is told in the end, of so many files."""
        dangers, unreadable = self._texts[Level.DANGER], self._texts[Level.UNREADABLE]
        return ScanResult(
            status=self._status,
            message=self._message(files),
            found=tuple(dangers),
            unreadable=tuple(unreadable),
            allowed=tuple(self._allowed),
            files=tuple(self._files),
        )

    @property
    def _status(self) -> Literal["clean", "dangerous", "failed"]:
        if Level.DANGER in self._levels:
            return "dangerous"
        return "failed" if Level.UNREADABLE in self._levels else "clean"

    def _message(self, files: int) -> str:
        notes = self._texts[Level.NOTE]
        if troubles := [*self._texts[Level.DANGER], *self._texts[Level.UNREADABLE]]:
            message = _in_short(troubles)
        else:
            what = "nothing else that is dangerous" if self._allowed else "nothing dangerous"
            message = f"{what} was found in {files} file{'s' * (files != 1)}"
            message += f"; look at this: {_in_short(notes)}" if notes else ""
        return message + (f"; let through: {_in_short(self._allowed)}" if self._allowed else "")


def _in_short(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
