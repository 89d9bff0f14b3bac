"""The decision about a set of planned cells, and what decided each of them (pure)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType

import msgspec

from harness.cell import Cell
from harness.errors import ExitCode
from harness.ledger.query import newest_by_key
from harness.ledger.record import Record
from harness.policy import Level, Policy, Waiver
from harness.verdict import Status


class Effect(str, Enum):
    """What a cell does to the decision."""

    PASSES = "passes"  # passed or not applicable
    BLOCKS = "blocks"  # failed, and required
    NO_RECORD = "no record"  # an error of the harness, whatever the level
    NO_VERDICT = "no verdict"  # inconclusive, and required
    WAIVED = "waived"  # failed or inconclusive, for a reason that a waiver names
    COUNTED = "counted"  # failed or inconclusive, but advisory
    IGNORED = "ignored"  # quarantined, whatever it is


class CellDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one planned cell. ``status`` is None without a record; ``rule`` decided, in words."""

    key: str
    cell: Cell
    status: Status | None
    reason: str | None
    level: Level
    effect: Effect
    rule: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The exit code and the sentence that says why.

    Attributes:
        counts: cells by status, without those that have no record or are quarantined.
        notes: what should be changed in the policy.
        cells: in the order of the plan.
    """

    exit_code: ExitCode
    sentence: str
    counts: dict[Status, int]
    notes: tuple[str, ...]
    cells: tuple[CellDecision, ...]

    @property
    def without_red(self) -> ExitCode:
        """The exit code if what failed is for somebody else to decide on: whether all has a verdict."""
        missing = self.having(Effect.NO_RECORD, Effect.NO_VERDICT)
        return ExitCode.NO_VERDICT if missing else ExitCode.SATISFIED

    def having(self, *effects: Effect) -> list[CellDecision]:
        """The cells with one of these effects."""
        return [decided for decided in self.cells if decided.effect in effects]


def decide(
    planned: Mapping[str, Cell],
    records: Iterable[Record],
    policy: Policy,
    *,
    today: datetime.date,
    levels: Mapping[str, Level] = MappingProxyType({}),
) -> Decision:
    """Whether the ledger satisfies the policy for the planned cells (by key).

    ``levels`` has what cells are where no rule matches, if that is not *required*.

    The first of these that is so decides: a required cell failed and is not waived; a waiver expired that
    matches a planned cell; a planned cell has no record; a required cell has no verdict and is not waived.
    """
    held = newest_by_key(record for record in records if record.key in planned)
    cells = tuple(
        _decide_cell(key, cell, held.get(key), policy, today, levels.get(key, Level.REQUIRED))
        for key, cell in planned.items()
    )
    problems = list(_problems(cells, policy, today))
    sentences = [sentence for _, sentence in problems] or [_nothing_blocks(cells)]
    return Decision(
        exit_code=problems[0][0] if problems else ExitCode.SATISFIED,
        sentence="; ".join([*sentences, *_exceptions(cells)]),
        counts={
            status: sum(c.status is status and c.effect is not Effect.IGNORED for c in cells)
            for status in Status
        },
        notes=tuple(_notes(cells, policy, today)),
        cells=cells,
    )


def _decide_cell(
    key: str, cell: Cell, record: Record | None, policy: Policy, today: datetime.date, default: Level
) -> CellDecision:
    level, rule = policy.level_of(cell, default)
    if record is None:
        effect, rule = Effect.NO_RECORD, "every planned cell needs a record, whatever its level"
    elif level is Level.QUARANTINED:
        effect = Effect.IGNORED
    elif record.status not in _RED:
        effect = Effect.PASSES
    elif level is Level.ADVISORY:
        effect = Effect.COUNTED
    else:
        effect, rule = _unless_waived(record, cell, policy, today, rule)
    return CellDecision(
        key=key,
        cell=cell,
        status=record.status if record else None,
        reason=record.reason if record else None,
        level=level,
        effect=effect,
        rule=rule,
    )


_RED = (Status.FAILED, Status.INCONCLUSIVE)


def _unless_waived(
    record: Record, cell: Cell, policy: Policy, today: datetime.date, rule: str
) -> tuple[Effect, str]:
    """What a required cell that is red does: the first waiver that holds decides, else the rule."""
    meant = [
        (number, waiver)
        for number, waiver in enumerate(policy.waivers, start=1)
        if record.reason in waiver.reasons and waiver.matches(cell)
    ]
    for number, waiver in meant:
        if waiver.holds(today):
            return Effect.WAIVED, f"waiver {number} {waiver.words}"
    expired = [f"waiver {number} ({waiver.cells}) expired on {waiver.expires}" for number, waiver in meant]
    effect = Effect.BLOCKS if record.status is Status.FAILED else Effect.NO_VERDICT
    return effect, "; ".join([rule, *expired])


def _problems(
    cells: Sequence[CellDecision], policy: Policy, today: datetime.date
) -> Iterator[tuple[ExitCode, str]]:
    """Each thing that keeps the gate from being satisfied, the one that decides first."""
    required = sum(decided.level is Level.REQUIRED for decided in cells)
    those = _of(required, "cell" if required == len(cells) else "required cell")
    if failed := _count(cells, Effect.BLOCKS):
        yield ExitCode.FAILED, f"{failed} {those} failed"
    for number, waiver in enumerate(policy.waivers, start=1):
        if not waiver.holds(today) and any(waiver.matches(decided.cell) for decided in cells):
            yield ExitCode.FAILED, f"{_expired(number, waiver)}: renew it or take it out of the policy"
    if missing := _count(cells, Effect.NO_RECORD):
        have = "has" if missing == 1 else "have"
        yield ExitCode.NO_VERDICT, f"{missing} {_of(len(cells), 'planned cell')} {have} no record"
    if unknown := _count(cells, Effect.NO_VERDICT):
        yield ExitCode.NO_VERDICT, f"{unknown} {those} {'has' if unknown == 1 else 'have'} no verdict"


def _nothing_blocks(cells: Sequence[CellDecision]) -> str:
    if not cells:
        return "no cell was planned: nothing was tested"
    if _count(cells, Effect.PASSES) < len(cells):
        return f"none {_of(len(cells), 'cell')} blocks"
    return (
        f"all {len(cells)} cells have a verdict, and none failed"
        if len(cells) > 1
        else "the cell did not fail"
    )


def _exceptions(cells: Sequence[CellDecision]) -> Iterator[str]:
    """What is red or not looked at, and yet does not block."""
    for effect, word in (
        (Effect.WAIVED, "waived"),
        (Effect.COUNTED, "advisory and not passed"),
        (Effect.IGNORED, "quarantined"),
    ):
        if count := _count(cells, effect):
            yield f"{count} {word}"


def _notes(cells: Sequence[CellDecision], policy: Policy, today: datetime.date) -> Iterator[str]:
    """Waivers that can go."""
    for number, waiver in enumerate(policy.waivers, start=1):
        meant = [decided for decided in cells if waiver.matches(decided.cell)]
        if not meant and not waiver.holds(today):
            yield f"{_expired(number, waiver)} and matches no planned cell: take it out of the policy"
        elif meant and waiver.holds(today) and all(decided.status in _FINE for decided in meant):
            yield (
                f"waiver {number} ({waiver.cells}) of {waiver.owner} is no longer needed by this plan: "
                "no planned cell that it matches is red"
            )


_FINE = (Status.PASSED, Status.NOT_APPLICABLE)


def _expired(number: int, waiver: Waiver) -> str:
    return f"waiver {number} ({waiver.cells}) of {waiver.owner} expired on {waiver.expires}"


def _count(cells: Sequence[CellDecision], effect: Effect) -> int:
    return sum(decided.effect is effect for decided in cells)


def _of(count: int, noun: str) -> str:
    return f"of {count} {noun}{'s' * (count != 1)}"
