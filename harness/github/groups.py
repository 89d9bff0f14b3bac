"""Cells that are red for one reason in one tool, together: what a reader is told of them (pure)."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from harness import labels
from harness.cell import Cell, Device
from harness.github import words
from harness.github.markdown import Markdown, code, fence, visible
from harness.ledger.gate import CellDecision
from harness.ledger.record import Record
from harness.verdict import Blame, Reason

_FIELD = re.compile(r"(^[^\s:]{1,200}:|;) field ")
_MESSAGES = 5
_MODELS = 5
_IN_SHORT = 3
_LONGEST_PATH = 200


class Told(NamedTuple):
    """What a record tells; ``of`` is whose it is, empty if its group has no other cell."""

    of: Markdown
    message: str

    def block(self, lines: int) -> Markdown:
        """The message as a block of code."""
        return fence(self.message, lines=lines)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Cells that are alike.

    Attributes:
        title: the reason in words, and the tool.
        models: the first of them with their weights, and how many more there are.
        in_short: how many cells, and fewer of the models.
        before: how many of them passed before, in words; empty if none did.
        told: what happened, of one of them or of some where it differs.
        who: who can act.
        hint: what to do.
        example: one of the cells.
    """

    title: Markdown
    models: Markdown
    in_short: Markdown
    before: Markdown
    told: tuple[Told, ...]
    who: Markdown
    hint: Markdown
    example: CellDecision


def groups(
    cells: Iterable[CellDecision], records: Mapping[str, Record], *, regressed: frozenset[str] = frozenset()
) -> list[Group]:
    """The groups of cells that have records, the largest first; those of cells that got worse before all."""
    alike: dict[tuple[str, ...], list[CellDecision]] = {}
    for decided in cells:
        record = records[decided.key]
        blame = record.blame.value if record.blame else ""
        alike.setdefault((str(record.reason), decided.cell.consumer.name, blame), []).append(decided)
    largest_first = sorted(
        alike.values(), key=lambda members: (-sum(m.key in regressed for m in members), -len(members))
    )
    return [_group(members, records, regressed) for members in largest_first]


def command(cell: Cell, collection: str) -> str:
    """How the cell is run on one's own machine, in the root of the repository."""
    path = posixpath.normpath(posixpath.join(collection, cell.model.source))
    if len(path) > _LONGEST_PATH or visible(path) != path:
        path = "path/to/model"  # nobody could type it
    words = ["harness", "run", f"./{path}" if path.startswith("-") else path]
    if cell.weights_format is not None:
        words += ["--weights", cell.weights_format.value, "--consumer", cell.consumer.name]
    if cell.environment is not None and cell.environment.as_described:
        words.append("--as-described")
    if cell.device is not Device.CPU:
        words += ["--device", cell.device.value]
    return shlex.join(words)


def name_of(cell: Cell) -> Markdown:
    """Model and weights."""
    if cell.weights_format is None:
        return code(cell.model.id)
    return Markdown(f"{code(cell.model.id)} ({cell.weights_format.value})")


def _group(
    members: Sequence[CellDecision], records: Mapping[str, Record], regressed: frozenset[str]
) -> Group:
    first = next((member for member in members if member.key in regressed), members[0])
    record = records[first.key]
    reason = Reason.from_slug(str(record.reason))
    consumer = first.cell.consumer
    label = labels.REASON[reason].label
    readable = first.cell.weights_format is not None
    tool = f" in {code(f'{consumer.name} {consumer.version}')}" if readable else ""
    assert record.blame is not None, "only what did not pass is grouped"  # noqa: S101
    return Group(
        title=Markdown(f"**{label[:1].upper()}{label[1:]}**{tool}"),
        models=_models(members, most=_MODELS),
        in_short=_in_short(members),
        before=_before(sum(member.key in regressed for member in members), len(members)),
        told=_told([first, *members], records),
        who=Markdown(words.WHO[record.blame]),
        hint=_hint(reason, record),
        example=first,
    )


def _told(members: Sequence[CellDecision], records: Mapping[str, Record]) -> tuple[Told, ...]:
    """The first of the different messages."""
    by_message: dict[str, CellDecision] = {}
    for member in members:
        message = records[member.key].message
        if message.strip() and len(by_message) < _MESSAGES:
            by_message.setdefault(_FIELD.sub(r"\1\nfield ", message), member)
    alone = all(member.key == members[0].key for member in members)
    return tuple(
        Told(Markdown() if alone else name_of(member.cell), message) for message, member in by_message.items()
    )


def _hint(reason: Reason, record: Record) -> Markdown:
    """What to do, in our words: those of a record may have been written by whoever wrote the model."""
    if record.blame is Blame.TOOL and reason.blame is not Blame.TOOL:
        return Markdown("Nothing in the model, as far as is known here: show it to the team of the tool.")
    return Markdown(labels.REASON[reason].hint)


def _models(members: Sequence[CellDecision], *, most: int, weights: bool = True) -> Markdown:
    formats: dict[tuple[str, str], list[str]] = {}
    for member in members:
        model, format_ = member.cell.model, member.cell.weights_format
        known = formats.setdefault((model.id, model.version), [])
        if weights and format_ is not None and format_.value not in known:
            known.append(format_.value)
    named = [
        f"{code(model)} ({', '.join(of_model)})" if of_model else str(code(model))
        for (model, _), of_model in list(formats.items())[:most]
    ]
    more = len(formats) - len(named)
    return Markdown(", ".join(named) + (f" and {more:,} more model{'s' * (more != 1)}" if more else ""))


def _in_short(members: Sequence[CellDecision]) -> Markdown:
    if len(members) == 1:
        return _models(members, most=1)
    return Markdown(f"{words.counted(len(members))}: {_models(members, most=_IN_SHORT, weights=False)}")


def _before(passed: int, cells: int) -> Markdown:
    if not passed:
        return Markdown()
    return Markdown("; passed before" if passed == cells else f"; {passed:,} of them passed before")
