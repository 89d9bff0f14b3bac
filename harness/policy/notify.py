"""Who wants to hear of failures without looking (pure)."""

from __future__ import annotations

import msgspec

from harness.policy.match import refuse_blank


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told, and of whom.

    Attributes:
        issues: names of consumers; each of them has an issue for each reason for which it fails.

    Raises:
        ValueError: a name is blank.
    """

    issues: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.issues:
            refuse_blank("issues", name)
