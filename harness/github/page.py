"""The body of a message: what its templates need, and as much of it as GitHub takes (pure)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from harness.github import words
from harness.github.groups import Group, command, groups
from harness.github.markdown import Markdown, code, fence, shell
from harness.github.message import LONGEST_BODY, MARK, Kind, State
from harness.github.outcome import Outcome
from harness.github.table import table_of
from harness.github.templates import render
from harness.ledger.difference import Kind as Moved
from harness.ledger.gate import CellDecision, Effect
from harness.verdict import Status

SYMBOL: dict[State, str] = {State.SUCCESS: "✓", State.FAILURE: "✗", State.ERROR: "?", State.PENDING: "!"}

_PATHS = 10
_NAMES = 3
_MESSAGES = 2  # of a group that is told in full
_FULL = 2
_LINES_REFUSED = 10
_HARMLESS = 4
_MOVED = {
    Moved.REGRESSED: "regressed",
    Moved.FIXED: "fixed",
    Moved.NEW: "new",
    Moved.NOT_APPLICABLE_ANY_MORE: "not applicable any more",
    Moved.GONE: "gone",
}
_RUN = re.compile(r"(?P<repository>https?://.+)/actions/runs/(?P<number>[0-9]+)")
_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+")


class Depth(NamedTuple):
    """How much is told: rows of the table, groups in a line, and groups in full below."""

    rows: int
    brief: int
    told: int


_DEPTHS = (Depth(400, 6, 30), Depth(200, 6, 15), Depth(50, 4, 5), Depth(0, 1, 0))


class Shown(NamedTuple):
    """Groups, and where each is told; ``more`` are not told at all."""

    full: Sequence[Group] = ()
    brief: Sequence[Group] = ()
    told: Sequence[Group] = ()
    more: int = 0


def body(outcome: Outcome, kinds: Sequence[Kind], told: Sequence[str], state: State) -> str:
    """The Markdown about an outcome: whole if it fits, else with fewer cells and a link to the run."""
    texts = (_body(outcome, kinds, told, state, depth) for depth in _DEPTHS)
    return next((text for text in texts if length(text) <= LONGEST_BODY), "") or _body(
        outcome, kinds, told, state, _DEPTHS[-1]
    )


def length(text: str) -> int:
    """Characters as GitHub counts them at most: those beyond U+FFFF twice."""
    return len(text.encode("utf-16-le")) // 2


def _body(outcome: Outcome, kinds: Sequence[Kind], told: Sequence[str], state: State, depth: Depth) -> str:
    change, decision, records = outcome.change, outcome.decision, outcome.records
    moved = outcome.moved
    regressed = frozenset(key for key, kind in moved.items() if kind is Moved.REGRESSED)
    grouped = {
        effect: groups(decision.having(effect), records, regressed=regressed)
        for effect in (Effect.BLOCKS, Effect.NO_VERDICT, Effect.WAIVED, Effect.COUNTED)
    }
    failures = _failures(grouped[Effect.BLOCKS], depth)
    missing = decision.having(Effect.NO_RECORD)
    text = render(
        "comment.md.j2",
        mark=Markdown(MARK),
        symbol=Markdown(SYMBOL[state]),
        headline=_sentence("; ".join(told)),
        parts=[
            {"told": _sentence(each), "template": f"{kind.value}.md.j2"}
            for kind, each in zip(kinds, told, strict=True)
        ],
        messages=_MESSAGES,
        pull=change.pull is not None,
        subject=Markdown("change" if change.pull is None else "pull request"),
        models=_models(outcome),
        one_model=len(change.models) == 1,
        any_passed=bool(decision.counts.get(Status.PASSED)),
        any_red=any(decided.status in (Status.FAILED, Status.INCONCLUSIVE) for decided in decision.cells),
        failures=failures,
        unanswered=_unanswered(grouped[Effect.NO_VERDICT], depth),
        harmless=(grouped[Effect.WAIVED] + grouped[Effect.COUNTED])[:_HARMLESS],
        missing=Markdown(words.counted(len(missing))) if missing else "",
        missing_one=len(missing) == 1,
        annotated=bool(outcome.annotations),
        commands=_commands(outcome, failures.full[0].example) if failures.full else "",
        reproduce=_reproduce(outcome, failures.full[0].example) if failures.full else "",
        sentence=fence(decision.sentence, lines=_LINES_REFUSED),
        removed=_names(change.removed, "model"),
        review_paths=change.review[:_PATHS],
        review_more=max(0, len(change.review) - _PATHS),
        excused=outcome.excused[:_PATHS],
        excused_more=max(0, len(outcome.excused) - _PATHS),
        accept=fence(f"/harness accept {change.head_sha}", lines=1),
        refused=fence("\n".join(outcome.refused), lines=_LINES_REFUSED),
        files=Markdown(f"{outcome.too_many_files:,}"),
        beside=_names(tuple(f"#{number}" for number in outcome.beside), "pull request"),
        accepted_by=outcome.accepted_by if outcome.to_review else "",
        moved=_moved(outcome),
        table=table_of(decision, depth.rows, moved=moved),
        head=change.head_sha[:12],
        run=_link(outcome.links.run),
        readme=_readme(outcome),
        site=_link(outcome.links.site),
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def _failures(found: Sequence[Group], depth: Depth) -> Shown:
    """The first of them in full, the others in a line, and in full further down."""
    full = _FULL if len(found) <= _FULL else 1
    rest = found[full:]
    cut = [group for group in found[:full] if len(group.told) > _MESSAGES]
    return Shown(
        found[:full], rest[: depth.brief], [*cut, *rest][: depth.told], max(0, len(rest) - depth.brief)
    )


def _unanswered(found: Sequence[Group], depth: Depth) -> Shown:
    brief = found[: depth.brief]
    with_message = [group for group in found if group.told]
    return Shown((), brief, with_message[: depth.told], len(found) - len(brief))


def _commands(outcome: Outcome, example: CellDecision) -> Markdown:
    pull = outcome.change.pull
    checkout = [] if pull is None else [f"gh pr checkout {pull}"]
    return shell(*checkout, command(example.cell, outcome.collection))


def _reproduce(outcome: Outcome, example: CellDecision) -> Markdown:
    """From the run's artifacts, in a folder of their own: elsewhere there may be newer records."""
    again = f"harness reproduce {example.key[:12]} --output"
    found = _RUN.fullmatch(outcome.links.run)
    if found is None:
        return shell(f"{again} reports")
    folder = f"run-{found['number']}"
    return shell(
        f"gh run download {found['number']} --dir {folder}",
        f"harness github take {folder}/plan {folder} --output {folder}/reports",
        f"{again} {folder}/reports",
    )


def _readme(outcome: Outcome) -> Markdown:
    """Where the repository says how to install the harness; empty without the address of a run."""
    found = _RUN.fullmatch(outcome.links.run)
    return _link(f"{found['repository']}#readme") if found else Markdown()


def _models(outcome: Outcome) -> Markdown:
    """The models that the change touches, by their ids."""
    touched = frozenset(outcome.change.models)
    ids = dict.fromkeys(
        decided.cell.model.id for decided in outcome.decision.cells if decided.cell.model.source in touched
    )
    return _names(tuple(ids), "model")


def _names(names: Sequence[str], noun: str) -> Markdown:
    shown = ", ".join(map(code, names[:_NAMES]))
    more = len(names) - _NAMES
    return Markdown(f"{shown} and {more:,} more {noun}{'s' * (more != 1)}" if more > 0 else shown)


def _moved(outcome: Outcome) -> Markdown:
    """How many cells are otherwise than in the published ledger; empty if there is none."""
    if not outcome.differences:
        return Markdown()
    counts = Counter(each.kind for each in outcome.differences)
    told = [f"{counts[kind]:,} {word}" for kind, word in _MOVED.items() if counts[kind]]
    return Markdown(", ".join(told) or "nothing changed")


def _sentence(text: str) -> Markdown:
    return Markdown(text[:1].upper() + text[1:])


def _link(address: str) -> Markdown:
    """An address of ours; empty if it is none that a link can hold."""
    return Markdown(address if _LINK.fullmatch(address) else "")
