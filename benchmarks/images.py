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
    """Seconds of wall time: medians over cells, of the best of all runs, since a busy machine only adds.

    Attributes:
        cell: one cell, while no other one runs.
        more_than_in_sandbox: than the same cell there.
    """

    cell: float
    more_than_in_sandbox: float


def measure(
    collection: Path, folder: Path, *, repeat: int, options: Sequence[str] = ()
) -> dict[str, dict[str, Cost]]:
    """Run the same cells in a sandbox, in a container with the machine's system, and in their image.

    Each cell is started afresh, and then forked out of a process that the first one has started.

    Args:
        folder: empty, for ledgers and sites.
        repeat: runs that are measured.
        options: further options of ``harness run``, which select the cells.
    """
    return {
        how: _costs(collection, folder / how, repeat, (*more, *options))
        for how, more in {"afresh": ("--no-fork",), "forked": ()}.items()
    }


def _costs(collection: Path, folder: Path, repeat: int, options: Sequence[str]) -> dict[str, Cost]:
    best: dict[str, dict[str, float]] = {place: {} for place in _PLACES}
    for run in range(repeat + 1):  # the first one warms everything and does not count
        for place, where in _PLACES.items():  # in turns, so that whatever else happens slows all of them
            output = folder / place
            main_job.run(collection, output, "--rerun", "all", "--jobs", "1", *where, *options)
            for record in current(read_records(output / "ledger")) if run else ():
                if record.environment and record.weights_format:
                    cell = f"{record.model.id} {record.weights_format.value}"
                    best[place][cell] = min(record.seconds, best[place].get(cell, record.seconds))
    sandbox = best["sandbox"]
    return {
        place: Cost(
            cell=round(statistics.median(cells.values()), 3),
            more_than_in_sandbox=round(statistics.median(cells[name] - sandbox[name] for name in cells), 3),
        )
        for place, cells in best.items()
    }


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
