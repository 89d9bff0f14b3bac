"""Split a plan into parts that run on different machines and take about as long (pure)."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence

import msgspec

from harness.cell import Device
from harness.job_names import MAX_SHARDS
from harness.plan.plan import PlannedCell

_CELL_SECONDS = 0.02  # also of a cell that nothing runs of: its model is read, its record is written
_LEAST_SHARE = 0.25  # of a job that is left to cells, however long its environments take to build
# How long a piece may be, in ideal shards.
_PIECES = (0.25, 0.35, 0.5, 0.7, 1.0, 1.03, 1.06, 1.1, 1.2, 1.5, 2.0, 3.0)


class _Unit(msgspec.Struct, frozen=True, kw_only=True):
    """What stays together: the cells of one model in one tool, whose outputs are compared with each other."""

    cells: tuple[PlannedCell, ...]
    seconds: float
    setups: tuple[tuple[str, float], ...]  # of each environment the name and the seconds to build it
    on_device: bool  # whether it needs more than a processor


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Units that need the same environments."""

    units: list[_Unit]
    seconds: float
    setups: tuple[tuple[str, float], ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One shard: its cells in the order of the plan, and the seconds that it is expected to take."""

    cells: tuple[PlannedCell, ...]
    seconds: float


def shard(cells: Iterable[PlannedCell], index: int, count: int) -> tuple[PlannedCell, ...]:
    """Part ``index`` (from 1) of ``count``: every cell is in exactly one.

    Follows from the cells alone, so that each machine finds its own. The cells of one model in one tool stay
    together.

    Raises:
        ValueError: there is no such part.
    """
    if not 1 <= index <= count:
        raise ValueError(f"there is no part {index} of {count}")
    return split(cells, count)[index - 1].cells


def split(cells: Iterable[PlannedCell], count: int) -> list[Part]:
    """All parts. With fewer units than parts, some are empty.

    A shard has to build each environment that something runs in: units with the same environments are cut
    into pieces of some length, and the longest piece goes first to where it ends first. Of several lengths
    the one is taken with which the last shard ends first.
    """
    ordered = list(cells)
    units = _units(ordered)
    busy = [unit for unit in units if unit.setups]
    parts = _by_device(busy, count)
    _add_idle([unit for unit in units if not unit.setups], parts)
    place = {id(entry): number for number, entry in enumerate(ordered)}
    return [
        Part(
            cells=tuple(
                sorted((entry for unit in part for entry in unit.cells), key=lambda entry: place[id(entry)])
            ),
            seconds=_work(part),
        )
        for part in parts
    ]


def shard_count(cells: Iterable[PlannedCell], *, target_seconds: float, most: int = MAX_SHARDS) -> int:
    """How many shards there should be so that each takes about so long: 1, or as many as have work."""
    units = [unit for unit in _units(cells) if unit.setups]
    jobs = 0.0
    for group in _groups(units):
        setup = sum(seconds for _, seconds in group[0].setups)
        seconds = sum(unit.seconds for unit in group)
        if setup + seconds <= target_seconds:
            jobs += (setup + seconds) / target_seconds
        else:
            jobs += seconds / max(target_seconds - setup, _LEAST_SHARE * target_seconds)
    devices = len({unit.on_device for unit in units})
    return max(1, min(max(math.ceil(jobs - 1e-9), devices), len(units), most))


def _by_device(units: Sequence[_Unit], count: int) -> list[list[_Unit]]:
    """The units of each part: no machine with a GPU should run what any machine can."""
    with_device = [unit for unit in units if unit.on_device]
    without = [unit for unit in units if not unit.on_device]
    if not with_device or not without or count == 1:
        return _placed(units, count)
    share = _work(with_device) / (_work(with_device) + _work(without))
    mine = min(max(1, round(share * count)), count - 1, len(with_device))
    return _placed(with_device, mine) + _placed(without, count - mine)


def _add_idle(units: Iterable[_Unit], parts: list[list[_Unit]]) -> None:
    """Add what nothing runs of to where it ends first; no machine is started for it alone."""
    open_parts = [part for part in parts if part] or parts
    heap = [(_work(part), number) for number, part in enumerate(open_parts)]
    heapq.heapify(heap)
    for unit in units:
        load, number = heap[0]
        open_parts[number].append(unit)
        heapq.heapreplace(heap, (load + unit.seconds, number))


def _units(cells: Iterable[PlannedCell]) -> list[_Unit]:
    together: dict[tuple[str, str], list[PlannedCell]] = {}
    for entry in cells:
        together.setdefault((entry.cell.model.source, entry.cell.consumer.name), []).append(entry)
    return [_unit(entries) for entries in together.values()]


def _unit(entries: Sequence[PlannedCell]) -> _Unit:
    running = [entry for entry in entries if entry.settled is None and not entry.recorded]
    setups: dict[str, float] = {}
    for entry in running:
        if environment := entry.cell.environment:
            name = f"{environment.name} {environment.backend.value}"
            setups[name] = max(setups.get(name, 0.0), entry.setup_seconds)
    return _Unit(
        cells=tuple(entries),
        seconds=sum(entry.seconds for entry in running) + _CELL_SECONDS * len(entries),
        setups=tuple(sorted(setups.items())),
        on_device=any(entry.cell.device is not Device.CPU for entry in running),
    )


def _groups(units: Iterable[_Unit]) -> list[list[_Unit]]:
    """Units that need the same environments."""
    groups: dict[tuple[str, ...], list[_Unit]] = {}
    for unit in units:
        groups.setdefault(tuple(name for name, _ in unit.setups), []).append(unit)
    return list(groups.values())


def _work(units: Sequence[_Unit]) -> float:
    """Seconds that one machine would need."""
    setups = {name: seconds for unit in units for name, seconds in unit.setups}
    return sum(setups.values()) + sum(unit.seconds for unit in units)


def _placed(units: Sequence[_Unit], count: int) -> list[list[_Unit]]:
    """The units of each part; of several ways the first that ends first."""
    if count == 1 or not units:
        return [list(units), *([] for _ in range(count - 1))]
    longest = max(unit.seconds + sum(seconds for _, seconds in unit.setups) for unit in units)
    ideal = max(_work(units) / count, longest)
    groups = [sorted(group, key=lambda unit: -unit.seconds) for group in _groups(units)]
    ways = (_place([piece for group in groups for piece in _cut(group, ideal * share, count)], count)
            for share in _PIECES)  # fmt: skip
    return min(ways, key=lambda way: max(map(_work, way)))


def _cut(group: Sequence[_Unit], seconds: float, most: int) -> list[_Piece]:
    """Even pieces of about so many seconds, with what building their environments takes."""
    setups = group[0].setups
    room = max(seconds - sum(setup for _, setup in setups), _LEAST_SHARE * seconds)
    count = min(max(1, math.ceil(sum(unit.seconds for unit in group) / room)), len(group), most)
    heap = [(0.0, number) for number in range(count)]
    pieces: list[list[_Unit]] = [[] for _ in range(count)]
    for unit in group:
        load, number = heap[0]
        pieces[number].append(unit)
        heapq.heapreplace(heap, (load + unit.seconds, number))
    return [_Piece(units=piece, seconds=sum(u.seconds for u in piece), setups=setups) for piece in pieces]


def _place(pieces: Sequence[_Piece], count: int) -> list[list[_Unit]]:
    """Each piece, the longest first, where it ends first."""
    parts: list[list[_Unit]] = [[] for _ in range(count)]
    loads = [0.0] * count
    built: list[set[str]] = [set() for _ in range(count)]
    for piece in sorted(pieces, key=lambda piece: -piece.seconds - sum(s for _, s in piece.setups)):

        def end(number: int, piece: _Piece = piece) -> float:
            missing = sum(seconds for name, seconds in piece.setups if name not in built[number])
            return loads[number] + missing + piece.seconds

        best = min(range(count), key=end)
        loads[best] = end(best)
        built[best].update(name for name, _ in piece.setups)
        parts[best] += piece.units
    return parts
