"""What a cell costs in the image of an environment: ``python -m benchmarks.images --help``."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from benchmarks import main_job
from harness.cell import Backend
from harness.ledger.query import current
from harness.ledger.store import read_records

_ROOT = Path(__file__).parent.parent
_PLACES = {
    "sandbox": ("--backend", Backend.VENV.value, "--isolation", "sandbox"),
    "container": ("--backend", Backend.VENV.value, "--isolation", "container"),
    "image": ("--backend", Backend.DOCKER.value),
}


class Cost(TypedDict):
    """Medians, in seconds.

    Attributes:
        cell: wall time of one cell, one at a time.
        more_than_in_sandbox: than the same cell there.
    """

    cell: float
    more_than_in_sandbox: float


def measure(
    collection: Path, folder: Path, *, repeat: int, options: Sequence[str] = ()
) -> dict[str, dict[str, Cost]]:
    """Run the same cells in a sandbox, in a container with the machine's system, and in their image.

    Each cell is started afresh, and then forked out of a process that waits for it.

    Args:
        folder: empty, for ledgers and sites.
        repeat: runs that are measured.
        options: further options of ``harness run``, which select the cells.
    """
    found: dict[str, dict[str, Cost]] = {}
    for how, more in {"afresh": ("--no-fork",), "forked": ()}.items():
        cells = {
            place: _seconds(collection, folder / f"{how}-{place}", repeat, (*where, *more, *options))
            for place, where in _PLACES.items()
        }
        found[how] = {
            place: Cost(
                cell=round(statistics.median(seconds.values()), 3),
                more_than_in_sandbox=round(
                    statistics.median(seconds[cell] - cells["sandbox"][cell] for cell in seconds), 3
                ),
            )
            for place, seconds in cells.items()
        }
    return found


def _seconds(collection: Path, output: Path, repeat: int, options: Sequence[str]) -> dict[str, float]:
    """Median of each cell, by model and weights format; the first run warms everything and does not count."""
    seconds: dict[str, list[float]] = {}
    for run in range(repeat + 1):
        main_job.run(collection, output, "--rerun", "all", "--jobs", "1", *options)
        for record in current(read_records(output / "ledger")):
            if run and record.environment and record.weights_format:
                cell = f"{record.model.id} {record.weights_format.value}"
                seconds.setdefault(cell, []).append(record.seconds)
    return {cell: statistics.median(measured) for cell, measured in seconds.items()}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.images",
        epilog="further options are those of `harness run`: python -m benchmarks.images --weights onnx",
    )
    parser.add_argument("--collection", type=Path, default=_ROOT / "collection")
    parser.add_argument("--repeat", type=int, default=3, help="measured runs of each kind (default: 3)")
    args, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        costs = measure(args.collection, Path(folder), repeat=args.repeat, options=options)
    print(json.dumps(costs, indent=2))


if __name__ == "__main__":
    main()
