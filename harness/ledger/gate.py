"""The decision about a set of planned cells (pure)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.errors import ExitCode
from harness.ledger.query import newest_by_key
from harness.ledger.record import Record
from harness.verdict import Status


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The exit code and the sentence that says why."""

    exit_code: ExitCode
    sentence: str
    counts: dict[Status, int]


def decide(planned: Iterable[str], records: Iterable[Record]) -> Decision:
    """Whether the planned cells (their keys) are satisfied by the ledger.

    Failed cells decide first, then cells without a record (an error of the harness), then those without a
    verdict.
    """
    keys = list(planned)
    held = newest_by_key(records)
    counts = {status: sum(k in held and held[k].status is status for k in keys) for status in Status}
    missing = sum(key not in held for key in keys)
    if counts[Status.FAILED]:
        code, sentence = ExitCode.FAILED, f"{counts[Status.FAILED]} of {len(keys)} cells failed"
    elif missing:
        code, sentence = ExitCode.NO_VERDICT, f"{missing} of {len(keys)} planned cells have no record"
    elif counts[Status.INCONCLUSIVE]:
        code, sentence = (
            ExitCode.NO_VERDICT,
            f"{counts[Status.INCONCLUSIVE]} of {len(keys)} cells have no verdict",
        )
    else:
        code, sentence = ExitCode.SATISFIED, _satisfied(len(keys))
    return Decision(exit_code=code, sentence=sentence, counts=counts)


def _satisfied(cells: int) -> str:
    if cells == 0:
        return "no cell was planned: nothing was tested"
    return f"all {cells} cells have a verdict, and none failed"
