"""One line of a stranger's ledger: a record of a planned cell, or refused (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from harness import jsonio, labels
from harness.cell import Cell, Depth
from harness.errors import ConfigurationError, RefusedError
from harness.ledger.foreign import evidence
from harness.ledger.moment import is_time
from harness.ledger.record import SCHEMA, Record
from harness.ledger.whose import Whose
from harness.limits import LONGEST_SECONDS, Limits
from harness.plain_text import in_lines
from harness.verdict import Reason, Verdict

_LARGEST = 2**63 - 1
_LONGEST_TEXT = 20_000
_MOST_ARTIFACTS = 256
_COUNTS = ("peak_memory_bytes", "peak_device_memory_bytes", "attempts", "threads", "repeat")


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """A planned cell, as far as a record can be held against it.

    Attributes:
        settled: the verdict that was known before anything ran, None if something was to run.
        hints: what the harness may say to do beside what it says of every reason.
    """

    cell: Cell
    depth: Depth
    settled: Verdict | None = None
    hints: frozenset[str] = frozenset()


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all records.

    Attributes:
        owed: all planned cells, by key.
        planned_at: when the plan was made. What is older was published before, and its evidence with it.
        latest: no record began later than this (UTC, ISO 8601 to the millisecond).
        collection: what the records call it.
        run_pages: what the address of a run begins with, before its number; empty if there is none.
        whose: see :class:`harness.ledger.whose.Whose`.
    """

    owed: Mapping[str, Owed]
    planned_at: str
    latest: str
    collection: str
    run_pages: str
    whose: Whose


def read_line(line: bytes, terms: Terms) -> Record:
    """The record in a line, with plain text only and with nothing said that others know better.

    Raises:
        RefusedError: it is no record, or none that a harness writes about a planned cell; does not say in
            which line.
    """
    record = _decoded(line)
    owed = terms.owed.get(record.key)
    if owed is None:
        raise RefusedError(f"is about a cell that was not planned: {shown(record)}")
    for fault in _faults(record, owed, terms):
        raise RefusedError(f"{shown(record)}: {fault}")
    for artifact in record.artifacts:
        try:
            evidence.check_path(artifact)
        except RefusedError as refused:
            raise RefusedError(f"{shown(record)}: {refused}") from refused
    return _plain(record, owed, terms)


def shown(record: Record) -> str:
    """Which cell a record says that it is about, in words."""
    weights = record.weights_format.value if record.weights_format else "unreadable"
    return f"{record.model.id[:80]!r} · {weights} · {record.consumer.name[:40]!r}"


def _decoded(line: bytes) -> Record:
    try:
        record = jsonio.loads(line, Record, origin="is no record")
    except ConfigurationError as error:
        raise RefusedError(str(error)) from error
    if record.schema != SCHEMA:
        raise RefusedError(f"is of schema {record.schema}, this harness reads {SCHEMA}")
    return record


def _faults(record: Record, owed: Owed, terms: Terms) -> list[str]:
    """In what it differs from all that a harness may write about this cell."""
    faults = []
    for field in (*Cell.__struct_fields__, "depth"):
        planned = owed.depth if field == "depth" else getattr(owed.cell, field)
        if getattr(record, field) != planned:
            faults.append(f"its {field.replace('_', ' ')} is not the one that was planned under its key")
    verdict = owed.settled
    if verdict is not None and (record.status, record.reason) != (
        verdict.status,
        verdict.reason.slug if verdict.reason else None,
    ):
        faults.append(f"is {record.status.value}, but the plan knew that it is {verdict.status.value}")
    stage = Reason.from_slug(record.reason).stage if record.reason else None
    if record.stage is not stage:
        faults.append("its stage is not the one of its reason")
    if not is_time(record.started_at) or record.started_at > terms.latest:
        faults.append("began at no time, or in the future")
    if any(getattr(record, name) < 0 for name in _COUNTS) or not _fits(msgspec.to_builtins(record)):
        faults.append("has a number that cannot be")
    if not all(
        0 <= told <= LONGEST_SECONDS for told in (record.seconds, *(c.seconds for c in record.checks))
    ):
        faults.append("took less than no time, or longer than a week")
    if len(record.artifacts) > _MOST_ARTIFACTS:
        faults.append(f"names {len(record.artifacts):,} files, at most {_MOST_ARTIFACTS}")
    return faults


def _fits(value: Any) -> bool:
    """Whether all whole numbers in it are such that other programs can read them."""
    if isinstance(value, Mapping):
        return all(map(_fits, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_fits, value))
    return not isinstance(value, int) or abs(value) <= _LARGEST


def _plain(record: Record, owed: Owed, terms: Terms) -> Record:
    """The record with text that is safe to show, and with what this harness knows by itself."""
    plain: Record = msgspec.convert(_texts(msgspec.to_builtins(record)), Record)
    cell = {field: getattr(owed.cell, field) for field in Cell.__struct_fields__}
    return msgspec.structs.replace(
        plain,
        **cell,
        key=record.key,
        artifacts=tuple(
            msgspec.structs.replace(cleaned, path=artifact.path)
            for cleaned, artifact in zip(plain.artifacts, record.artifacts, strict=True)
        ),
        hint=record.hint if record.hint in _hints(record, owed, terms) else _hint(record),
        limits={
            name: number
            for name, number in record.limits.items()
            if name in Limits.__struct_fields__ and number > 0
        },
        collection=terms.collection,
        run_url=_run_url(record.run_url, terms.run_pages),
    )


def _texts(value: Any) -> Any:
    """The same with every text plain."""
    if isinstance(value, str):
        return in_lines(value, longest=_LONGEST_TEXT)
    if isinstance(value, Mapping):
        return {name: _texts(item) for name, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, (list, tuple)) else value


def _hints(record: Record, owed: Owed, terms: Terms) -> frozenset[str]:
    """What the harness says to do: it is shown as the harness's word, so nobody else may choose it."""
    tool = terms.whose.tools.get(record.consumer.name)
    of_tool = {labels.HINT_IN_TOOL.format(**tool._asdict())} if tool else set()
    return frozenset({_hint(record), *of_tool, *owed.hints})


def _hint(record: Record) -> str:
    return labels.REASON[Reason.from_slug(record.reason)].hint if record.reason else ""


def _run_url(stated: str, run_pages: str) -> str:
    number = stated.removeprefix(run_pages)
    return stated if run_pages and number != stated and re.fullmatch(r"[0-9]{1,20}", number) else ""
