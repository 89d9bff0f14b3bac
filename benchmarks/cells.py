"""What a cell costs at each level, forked or in a process of its own: ``python -m benchmarks.cells``."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypedDict

from benchmarks.main_job import bare_seconds
from harness.ledger.query import current
from harness.ledger.store import read_records
from harness.verdict import Status
from tests.execute.warm.conftest import workbench
from tests.zoo.building import copy_model

_ROOT = Path(__file__).parent.parent
KINDS = (
    ("process", True),
    ("sandbox", True),
    ("sandbox", False),
    ("container", True),
    ("container", False),
)


class Figures(TypedDict):
    """Medians, in seconds, of cells that run one after the other.

    Attributes:
        kind: the level, and whether cells are forked.
        empty: a cell in which nothing is done, in an interpreter in which nothing is imported.
        real: a U-Net with PyTorch weights, from reading its files to the record.
        beyond: that without loading the weights and computing.
    """

    kind: str
    empty: float
    real: float
    beyond: float


def measure(folder: Path, level: str, *, fork: bool, empty: int, real: int) -> Figures:
    """One kind; the first empty cell, for which the fork server starts, does not count."""
    seconds: list[float] = []
    (folder / "empty").mkdir(parents=True)
    with workbench(folder / "empty", level, fork=fork) as bench:
        for _ in range(empty + 1):
            clock = time.perf_counter()
            ended = bench.cell("pass")
            seconds.append(time.perf_counter() - clock)
            if not ended.ok or bench.said:
                raise SystemExit(f"{level}: an empty cell does not pass: {ended} {bench.said}")
    for number in range(real):
        copy_model(_ROOT / "collection" / "nuclei-unet2d", folder / "models", f"m{number:02}")
    output = folder / "output"
    options = ["--weights", "pytorch_state_dict", "--isolation", level, "--jobs", "1"]
    options += ["--output", str(output), *([] if fork else ["--no-fork"])]
    command = [sys.executable, "-m", "harness", "run", str(folder / "models"), *options]
    subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
    records = current(read_records(output / "ledger"))
    if any(record.status is not Status.PASSED for record in records):
        raise SystemExit(f"{output}: a model that should pass did not")
    return Figures(
        kind=f"{level}, {'forked' if fork else 'one by one'}",
        empty=statistics.median(seconds[1:]),
        real=statistics.median(record.seconds for record in records),
        beyond=statistics.median(record.seconds - bare_seconds(record) for record in records),
    )


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cells", epilog="example: python -m benchmarks.cells --empty 5 --real 2"
    )
    parser.add_argument("--empty", type=int, default=20, help="empty cells of each kind (default: 20)")
    parser.add_argument("--real", type=int, default=10, help="real cells of each kind (default: 10)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        found = [
            measure(Path(folder, f"{level}-{fork}"), level, fork=fork, empty=args.empty, real=args.real)
            for level, fork in KINDS
        ]
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
