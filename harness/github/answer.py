"""From what became of a change to what is said about it (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.github import words
from harness.github.markdown import clipped, visible
from harness.github.message import LONGEST_DESCRIPTION, Kind, Message, State
from harness.github.outcome import Outcome
from harness.github.page import body
from harness.ledger.gate import Effect

_STATES: dict[Kind, State] = {
    Kind.PASSED: State.SUCCESS,
    Kind.NOTHING: State.SUCCESS,
    Kind.REMOVED: State.SUCCESS,
    Kind.FAILED: State.FAILURE,
    Kind.REFUSED: State.ERROR,
    Kind.NO_VERDICT: State.ERROR,
    Kind.TOO_LARGE: State.ERROR,
    Kind.REVIEW: State.PENDING,
    Kind.SHARED: State.PENDING,
}
_TOLD: dict[Kind, str] = {
    Kind.NOTHING: "nothing to test: no model is touched",
    Kind.REMOVED: "nothing to test: models are only deleted",
    Kind.REVIEW: "a maintainer has to look at this",
    Kind.REFUSED: "the results could not be used",
    Kind.TOO_LARGE: "more files are changed than can be checked",
    Kind.SHARED: "another open pull request proposes the same commit",
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
    if words.failure(decision):
        yield Kind.FAILED
    if outcome.refused:
        yield Kind.REFUSED  # and so some have no record: that is said there
    elif decision.having(Effect.NO_RECORD, Effect.NO_VERDICT) or (
        not decision.cells and (change.models or change.broad)
    ):
        yield Kind.NO_VERDICT
    if outcome.too_many_files:
        yield Kind.TOO_LARGE
    if outcome.to_review and not outcome.accepted_by:
        yield Kind.REVIEW
    if outcome.beside:
        yield Kind.SHARED


def _told(kind: Kind, outcome: Outcome) -> str:
    """One of them in a few words."""
    decision = outcome.decision
    if kind is Kind.PASSED:
        return words.well(decision)
    if kind is Kind.FAILED:
        return words.failure(decision)
    if kind is Kind.NO_VERDICT:
        return words.no_verdict(decision) or "no verdict, since no cell was planned"
    return _TOLD[kind]
