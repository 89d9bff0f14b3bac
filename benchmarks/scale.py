"""What a large collection costs when nothing is new: ``python -m benchmarks.scale --help``."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from benchmarks.many_models import make_collection, make_ledger, templates
from harness.plan.plan import read_plan

_MODEL = Path(__file__).parent.parent / "collection" / "nuclei-unet2d"
_SETTLE_SECONDS = 3.0  # files that were just written are hashed again, since they could be written once more


class Cost(TypedDict):
    """Of a whole process, medians. The peak cannot read below that of the benchmark itself."""

    seconds: float
    cpu_seconds: float
    peak_memory_mb: float


def measure(folder: Path, *, models: int, repeat: int) -> dict[str, object]:
    """Plan ``models`` models, and run them again with nothing changed: each has three cells.

    The model is run once for real, so that the ledger has real records; ``HARNESS_CACHE_DIR`` says where
    environments are. What is known of descriptions is in the same folder.
    """
    _harness("run", _MODEL, "--output", folder / "one")
    collection, output = folder / "models", folder / "output"
    make_collection(_MODEL, collection, count=models)
    time.sleep(_SETTLE_SECONDS)
    plan = ("plan", collection, "--output", output)
    cold = _harness(*plan)
    warm = [_harness(*plan) for _ in range(repeat)]
    segment = output / "ledger" / "20260101T000000-000000.jsonl"
    cells = make_ledger(read_plan(output / "plan.json"), templates(folder / "one"), segment)
    run = ("run", collection, "--output", output)
    site = _harness(*run)
    again = [_harness(*run) for _ in range(repeat)]
    return {
        "models": models,
        "cells": cells,
        "help": _median([_harness("--help") for _ in range(repeat)]),
        "plan_of_new_descriptions": cold,
        "plan_of_descriptions_seen_before": _median(warm),
        "run_that_writes_the_site": site,
        "run_again_with_nothing_changed": _median(again),
    }


def _harness(*arguments: str | Path) -> Cost:
    """Run the command line; ``wait4`` tells what it used."""
    clock = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *map(str, arguments)], stdout=output, stderr=output
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode != 0:
            raise SystemExit(f"harness {arguments[0]} failed:\n{output.read().decode()[-2000:]}")
    return Cost(
        seconds=round(time.perf_counter() - clock, 3),
        cpu_seconds=round(used.ru_utime + used.ru_stime, 3),
        peak_memory_mb=round(used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3), 1),
    )


def _median(costs: list[Cost]) -> Cost:
    def of(take: Callable[[Cost], float]) -> float:
        return statistics.median(map(take, costs))

    return Cost(
        seconds=of(lambda cost: cost["seconds"]),
        cpu_seconds=of(lambda cost: cost["cpu_seconds"]),
        peak_memory_mb=of(lambda cost: cost["peak_memory_mb"]),
    )


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description="Needs minutes: each description is read once as a new one (about 20 ms).",
        epilog="example: python -m benchmarks.scale --models 10000",
    )
    parser.add_argument("--models", type=int, default=3334, help="of three cells each (default: 3334)")
    parser.add_argument("--repeat", type=int, default=5, help="measured runs of each kind (default: 5)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-scale-") as folder:
        print(json.dumps(measure(Path(folder), models=args.models, repeat=args.repeat), indent=2))


if __name__ == "__main__":
    main()
