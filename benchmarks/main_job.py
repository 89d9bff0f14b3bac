"""The main job on the collection: with environments warm, with nothing to do, and what a cell costs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.verdict import Check

# Time that the framework itself needs: loading the weights and computing. REPRODUCES repeats RUNS's seconds.
_BARE = (Check.LOAD, Check.RUNS, Check.VARIANTS, Check.AS_CALLED)


class Figures(TypedDict):
    """Seconds of wall time, unless the name says otherwise."""

    cells: int
    run_warm: list[float]
    run_nothing_to_do: list[float]
    cell_median: float
    cell_bare_median: float
    cell_overhead_median: float
    ratio_nothing_to_do_to_warm: float
    peak_memory_mb_max: float


def measure(collection: Path, output: Path, *, repeat: int, options: Sequence[str] = ()) -> Figures:
    """Run the main job ``repeat`` times with warm environments, then as often with nothing to do.

    Args:
        collection: the models.
        output: an empty folder for ledger and site.
        options: further options of ``harness run``, e.g. ``--weights onnx``.
    """
    run(collection, output, *options)  # builds what is missing and warms the disk cache
    warm = [run(collection, output, "--rerun", "all", *options) for _ in range(repeat)]
    idle = [run(collection, output, *options) for _ in range(repeat)]
    records = [record for record in current(read_records(output / "ledger")) if record.environment]
    bare = [bare_seconds(record) for record in records]
    return Figures(
        cells=len(records),
        run_warm=warm,
        run_nothing_to_do=idle,
        cell_median=statistics.median(record.seconds for record in records),
        cell_bare_median=statistics.median(bare),
        cell_overhead_median=statistics.median(
            record.seconds - seconds for record, seconds in zip(records, bare, strict=True)
        ),
        ratio_nothing_to_do_to_warm=statistics.median(idle) / statistics.median(warm),
        peak_memory_mb_max=max(record.peak_memory_bytes for record in records) / 1e6,
    )


def run(collection: Path, output: Path, *options: str) -> float:
    """Run the main job and answer its wall time in seconds; ends the program if it fails."""
    clock = time.perf_counter()
    command = [sys.executable, "-m", "harness", "run", str(collection), "--output", str(output), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the run that is measured failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - clock


def bare_seconds(record: Record) -> float:
    """What loading and computing alone took."""
    checks = (record.check(name) for name in _BARE)
    return sum(check.seconds for check in checks if check is not None)
