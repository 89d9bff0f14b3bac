"""What of a scan keeps a model from being loaded, and what was reviewed and is let through (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from fnmatch import fnmatchcase

import msgspec

from harness.cell import ModelRef, WeightsFormat
from harness.policy.match import OfWeights, refuse_blank

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WILDCARDS = ("*", "?", "[")


class OnUnreadable(str, Enum):
    """What becomes of weights that cannot be scanned."""

    NO_VERDICT = "no-verdict"
    BLOCK = "block"
    ALLOW = "allow"


class Allow(OfWeights, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings that keep nothing from being loaded.

    A model chooses its own name, and the names in its files. So an entry about certain models holds for the
    file that was reviewed alone, and a glob begins with the scanner's own words.

    Attributes:
        finding: a glob for what the scanner says after the name of the file and of the part of it.
        why: what is known of it.
        sha256: of the file; empty for any file.

    Raises:
        ValueError: the glob begins with a wildcard, there is no reason, or a model is named without a file.
    """

    finding: str
    why: str
    sha256: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_blank("finding", self.finding)
        refuse_blank("why", self.why)
        if self.finding.startswith(_WILDCARDS):
            raise ValueError("finding: begins with a wildcard; begin with the scanner's words")
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256: is no digest of 64 digits, 0 to 9 and a to f")
        if self.of_certain_models and not self.sha256:
            raise ValueError("sha256: is missing, and any model can call itself so; `harness scan` shows it")

    def lets_through(self, finding: str, sha256: Callable[[], str]) -> bool:
        """Whether it is about this finding in a file with this digest, which is only asked for if needed."""
        return fnmatchcase(finding, self.finding) and (not self.sha256 or sha256() == self.sha256)


class ScanRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What follows from a scan.

    Attributes:
        unreadable: "no-verdict" loads what cannot be scanned, but never lets it pass; "block" does not load
            it; "allow" does not mind.
        allow: findings that do not count.
    """

    unreadable: OnUnreadable = OnUnreadable.NO_VERDICT
    allow: tuple[Allow, ...] = ()

    def about(self, model: ModelRef, weights: WeightsFormat) -> ScanRules:
        """The rules for these weights."""
        if not self.allow:
            return self
        allow = tuple(entry for entry in self.allow if entry.covers(model, weights))
        return msgspec.structs.replace(self, allow=allow)

    def allowing(self, finding: str, sha256: Callable[[], str]) -> Allow | None:
        """The first entry that lets a finding through, None if there is none."""
        return next((entry for entry in self.allow if entry.lets_through(finding, sha256)), None)

    def deciding(self, model: ModelRef, weights: WeightsFormat) -> str:
        """What of the rules can change the verdict on these weights, for their key; empty if nothing does."""
        mine = self.about(model, weights)
        if mine == ScanRules():
            return ""
        allowed = sorted({(entry.finding, entry.sha256) for entry in mine.allow})
        return msgspec.json.encode([mine.unreadable.value, *allowed]).decode()
