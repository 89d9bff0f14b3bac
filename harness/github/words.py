"""A decision in a few words of ours, without a name that a model or a policy chose (pure)."""

from __future__ import annotations

from harness import labels
from harness.errors import ExitCode
from harness.ledger.gate import Decision, Effect
from harness.verdict import Blame, Status

WHO: dict[Blame, str] = {
    Blame.MODEL: "the model's author, in the model",
    Blame.METADATA: "the model's author, in its description",
    Blame.ENVIRONMENT: "whoever looks after the environment",
    Blame.TOOL: "the team of the tool",
    Blame.INFRASTRUCTURE: "the maintainers of the tests",
}
"""Who can act, and where."""


def counted(cells: int) -> str:
    """So many cells."""
    return f"{cells:,} cell{'s' * (cells != 1)}"


def counts(decision: Decision) -> str:
    """How many cells have which status, and how many no record; empty if none counts."""
    told = [
        f"{decision.counts[status]:,} {labels.STATUS[status].label}"
        for status in Status
        if decision.counts.get(status)
    ]
    missing = len(decision.having(Effect.NO_RECORD))
    return ", ".join([*told, f"{missing:,} without a result"] if missing else told)


def failure(decision: Decision) -> str:
    """What fails; empty if nothing does."""
    if decision.exit_code is not ExitCode.FAILED:
        return ""
    blocks = len(decision.having(Effect.BLOCKS))
    return f"{_share(blocks, decision)} failed" if blocks else "a waiver has expired"


def no_verdict(decision: Decision) -> str:
    """What was not answered; empty if all was."""
    unknown = len(decision.having(Effect.NO_RECORD, Effect.NO_VERDICT))
    return f"no verdict for {_share(unknown, decision)}" if unknown else ""


def _share(some: int, decision: Decision) -> str:
    every = len(decision.cells)
    return f"{some:,} of {counted(every)}" if every > 1 else "the only cell"


def well(decision: Decision) -> str:
    """What is well, if nothing stands in the way."""
    passed = decision.counts.get(Status.PASSED, 0)
    if passed == len(decision.cells) > 0:
        return (
            f"all {passed:,} cells passed" if passed > 2 else "both cells passed" if passed > 1 else "passed"
        )
    return f"nothing stands in the way: {counts(decision) or 'no cell counts'}"
