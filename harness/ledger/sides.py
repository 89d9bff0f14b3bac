"""What a comparison can name: a tool in one version, an environment, a run, or a whole ledger (pure)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

import msgspec

from harness.cell import Backend
from harness.errors import UsageError
from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.survey import Survey

_NAMED_DIGEST = re.compile(r"(?:(?P<name>[^@]+)@)?(?P<digest>[0-9a-f]{6,64})", re.IGNORECASE)
_SHOWN = 8  # names of one kind in a message
_DIGITS = 12  # of a digest in a message
_SHORTEST_RUN = 8  # its day


class What(str, Enum):
    """What a name stands for."""

    TOOL = "tool"
    ENVIRONMENT = "environment"
    RUN = "run"
    LEDGER = "ledger"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a comparison.

    Attributes:
        name: as a user can type it; of a ledger its folder.
        records: one for each cell, as :func:`harness.ledger.query.current` gives them.
    """

    what: What
    name: str
    records: tuple[Record, ...]


def ledger_side(name: str, records: Iterable[Record], surveys: Iterable[Survey]) -> Side:
    """All that a ledger shows now."""
    return Side(what=What.LEDGER, name=name, records=tuple(current(records, surveys)))


def side(asked: str, records: Sequence[Record], surveys: Sequence[Survey]) -> Side:
    """What ``asked`` names in a ledger.

    A tool is ``NAME==VERSION``, or ``NAME`` if there is one version of it; an environment its name,
    ``NAME@DIGEST`` or the first 6 or more digits of a digest; a run its id, or its beginning. A run is the
    ledger as it was when the last cell of that run was begun: what it had not to run again counts, too.

    Raises:
        UsageError: nothing is called so, or several are; the message lists them.
    """
    now = current(records, surveys)
    found = [
        *_tools(asked, now),
        *_environments(asked, now),
        *_by_digest(asked, records, surveys),
        *_runs(asked, records, surveys),
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = _listed(each.name for each in found)
        raise UsageError(f"{asked}: is the beginning of several names: {names}; write one of them")
    there = "; ".join(
        f"{what}s: {_listed(names)}"
        for what, names in (
            ("tool", sorted({_tool(record) for record in now})),
            ("environment", sorted({record.environment.name for record in now if record.environment})),
            ("run", sorted({record.run for record in records}, reverse=True)),
        )
        if names
    )
    raise UsageError(
        f"{asked}: is no folder with a ledger, and no tool, environment or run of this one; "
        f"there are {there or 'no records'}"
    )


def _tool(record: Record) -> str:
    return f"{record.consumer.name}=={record.consumer.version}"


def _tools(asked: str, now: Sequence[Record]) -> Iterator[Side]:
    for name in sorted({_tool(record) for record in now}):
        if asked in (name, name.partition("==")[0]):
            yield Side(what=What.TOOL, name=name, records=tuple(r for r in now if _tool(r) == name))


def _environments(asked: str, now: Sequence[Record]) -> Iterator[Side]:
    """The environments of a name, or of a folder with several versions; each by each back-end."""
    versions = re.compile(rf"{re.escape(asked)}(-\d[\w.]*)?")
    groups: defaultdict[tuple[str, Backend], list[Record]] = defaultdict(list)
    for record in now:
        if record.environment and versions.fullmatch(record.environment.name):
            groups[record.environment.name, record.environment.backend].append(record)
    chosen = {key: of_it for key, of_it in groups.items() if key[0] == asked} or groups
    backends = Counter(name for name, _ in chosen)
    for (name, _), of_it in sorted(chosen.items()):
        newest = _digest(max(of_it, key=lambda record: record.started_at))
        shown = name if backends[name] == 1 else f"{name}@{newest[:_DIGITS]}"
        yield Side(what=What.ENVIRONMENT, name=shown, records=tuple(of_it))


def _by_digest(asked: str, records: Sequence[Record], surveys: Sequence[Survey]) -> Iterator[Side]:
    """Environments as they were locked once, which may be others than those of their names now."""
    if not (match := _NAMED_DIGEST.fullmatch(asked)):
        return
    groups: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        name, digest = record.environment.name if record.environment else "", _digest(record)
        if match["name"] in (None, name) and digest.startswith(match["digest"].lower()):
            groups[name, digest].append(record)
    for (name, digest), of_it in sorted(groups.items()):
        yield Side(
            what=What.ENVIRONMENT,
            name=f"{name}@{digest[:_DIGITS]}",
            records=tuple(current(of_it, surveys)),
        )


def _digest(record: Record) -> str:
    return record.environment.digest if record.environment else ""


def _runs(asked: str, records: Sequence[Record], surveys: Sequence[Survey]) -> Iterator[Side]:
    ends: dict[str, str] = {}
    for record in records:
        if record.run == asked or (len(asked) >= _SHORTEST_RUN and record.run.startswith(asked)):
            ends[record.run] = max(record.started_at, ends.get(record.run, ""))
    for run, end in sorted(ends.items()):
        then = current(
            (record for record in records if record.started_at <= end),
            (survey for survey in surveys if survey.at <= end),
        )
        yield Side(what=What.RUN, name=run, records=tuple(then))


def _listed(names: Iterable[str]) -> str:
    all_names = list(names)
    more = len(all_names) - _SHOWN
    return ", ".join([*all_names[:_SHOWN], *([f"and {more} more"] if more > 0 else [])])
