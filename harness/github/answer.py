"""From what became of a change to what is said about it (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from harness import labels
from harness.errors import ExitCode
from harness.github.markdown import clipped, visible
from harness.github.message import LONGEST_DESCRIPTION, Kind, Message, State
from harness.github.outcome import Outcome
from harness.github.page import body
from harness.github.table import counted
from harness.ledger.gate import Decision, Effect
from harness.verdict import Status

_STATES: dict[Kind, State] = {
    Kind.PASSED: State.SUCCESS,
    Kind.NOTHING: State.SUCCESS,
    Kind.REMOVED: State.SUCCESS,
    Kind.FAILED: State.FAILURE,
    Kind.REFUSED: State.ERROR,
    Kind.NO_VERDICT: State.ERROR,
    Kind.REVIEW: State.PENDING,
}
_WORST_FIRST = (State.FAILURE, State.ERROR, State.PENDING, State.SUCCESS)


def answer(outcome: Outcome) -> Message:
    """The message about an outcome: green only if nothing at all stands in the way."""
    kinds = tuple(_kinds(outcome))
    told = [_told(kind, outcome) for kind in kinds]
    headline = "; ".join(told)
    state = min((_STATES[kind] for kind in kinds), key=_WORST_FIRST.index)
    return Message(
        state=state,
        kind=kinds[0] if len(kinds) == 1 else Kind.SEVERAL,
        headline=headline[:1].upper() + headline[1:],
        description=clipped(visible(headline), LONGEST_DESCRIPTION),
        body=body(outcome, kinds, told, state),
        annotations=outcome.annotations,
    )


def _kinds(outcome: Outcome) -> Iterator[Kind]:
    """What there is to say: each thing that stands in the way, else what is fine."""
    problems = list(_problems(outcome))
    if problems:
        yield from problems
    elif not outcome.change.relevant:
        yield Kind.NOTHING
    elif not outcome.decision.cells:
        yield Kind.REMOVED
    else:
        yield Kind.PASSED


def _problems(outcome: Outcome) -> Iterator[Kind]:
    change, decision = outcome.change, outcome.decision
    if decision.exit_code is ExitCode.FAILED:
        yield Kind.FAILED
    if outcome.refused:
        yield Kind.REFUSED  # and so some have no record: that is said there
    elif decision.having(Effect.NO_RECORD, Effect.NO_VERDICT) or (
        not decision.cells and (change.models or change.broad)
    ):
        yield Kind.NO_VERDICT
    if change.review and not outcome.accepted_by:
        yield Kind.REVIEW


def _told(kind: Kind, outcome: Outcome) -> str:  # noqa: PLR0911  one for each kind
    """One of them in a few words, without a name that a model chose."""
    decision = outcome.decision
    match kind:
        case Kind.PASSED:
            return _all_well(decision)
        case Kind.FAILED:
            blocks = len(decision.having(Effect.BLOCKS))
            return f"{blocks} of {counted(len(decision.cells))} failed" if blocks else "a waiver has expired"
        case Kind.NO_VERDICT:
            unknown = len(decision.having(Effect.NO_RECORD, Effect.NO_VERDICT))
            return f"no verdict for {unknown} of {counted(len(decision.cells))}" if unknown else "no verdict"
        case Kind.NOTHING:
            return "nothing to test: no model is touched"
        case Kind.REMOVED:
            return "nothing to test: models are only deleted"
        case Kind.REVIEW:
            return "a maintainer has to look at this"
        case _:
            return "the results could not be used"


def _all_well(decision: Decision) -> str:
    passed = decision.counts.get(Status.PASSED, 0)
    if passed == len(decision.cells) > 1:
        return f"all {passed} cells passed"
    counts = ", ".join(
        f"{count} {labels.STATUS[status].label}" for status, count in decision.counts.items() if count
    )
    return f"nothing stands in the way: {counts or 'no cell counts'}"
