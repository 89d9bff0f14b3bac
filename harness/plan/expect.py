"""How long planned cells will take: as they did before, as their like did, or a guess (pure)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

import msgspec

from harness.cell import Cell, Depth, WeightsFormat
from harness.limits import LONGEST_SECONDS
from harness.plan.plan import Plan, PlannedCell

# Seconds of wall time; a guess is only there to tell long from short.
_OF_FORMAT = {
    WeightsFormat.ONNX: 10.0,
    WeightsFormat.TORCHSCRIPT: 20.0,
    WeightsFormat.PYTORCH_STATE_DICT: 20.0,
    WeightsFormat.KERAS_HDF5: 30.0,
    WeightsFormat.KERAS_V3: 30.0,
    WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE: 30.0,
    WeightsFormat.TENSORFLOW_JS: 30.0,
}
_OF_DEPTH = {Depth.STATIC: 0.0, Depth.RUNTIME: 0.0, Depth.TOOL: 20.0}  # until a tool has started
_LIKE = slice(1, None)  # of the names of a cell: all but the model's


def expect(
    plan: Plan, *, recorded: Mapping[tuple[str, ...], float], setup_seconds: Mapping[str, float]
) -> Plan:
    """The plan with the seconds that each cell, and building its environment, is expected to take.

    Args:
        recorded: seconds that cells took last, by their names (``Cell.names``).
        setup_seconds: of environments, by name; what is missing is built at once.
    """
    like: dict[tuple[str, ...], list[float]] = {}
    for names, seconds in recorded.items():
        like.setdefault(names[_LIKE], []).append(seconds)
    medians = {names: statistics.median(many) for names, many in like.items()}

    def expected(entry: PlannedCell) -> PlannedCell:
        if entry.settled is not None:
            return entry
        names = entry.cell.names
        seconds = recorded.get(names, medians.get(names[_LIKE], _guess(entry.cell, entry.depth)))
        setup = setup_seconds.get(entry.cell.environment.name, 0.0) if entry.cell.environment else 0.0
        return msgspec.structs.replace(entry, seconds=_plausible(seconds), setup_seconds=_plausible(setup))

    return msgspec.structs.replace(plan, cells=tuple(map(expected, plan.cells)))


def _plausible(seconds: float) -> float:
    """What can be summed and divided, whatever a ledger says."""
    return round(min(max(seconds, 0.0), LONGEST_SECONDS), 2)


def _guess(cell: Cell, depth: Depth) -> float:
    return (_OF_FORMAT[cell.weights_format] if cell.weights_format else 0.0) + _OF_DEPTH[depth]
