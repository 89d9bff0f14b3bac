"""Measure, print, and write JSON: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import tempfile
from pathlib import Path

import harness
from benchmarks import main_job

_ROOT = Path(__file__).parent.parent


def main() -> None:
    """Run the benchmarks and write ``benchmarks/results/<time>.json``."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", epilog="example: python -m benchmarks --repeat 3 --weights onnx"
    )
    parser.add_argument("--collection", type=Path, default=_ROOT / "collection")
    parser.add_argument("--repeat", type=int, default=3, help="measured runs of each kind (default: 3)")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results", metavar="DIR")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="further options of `harness run`")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as output:
        figures = main_job.measure(args.collection, Path(output), repeat=args.repeat, options=args.options)
    now = datetime.datetime.now(datetime.timezone.utc)
    report = {
        "time": now.isoformat(timespec="seconds"),
        "harness": harness.__version__,
        "machine": {
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
        },
        "main_job": figures,
    }
    args.results.mkdir(parents=True, exist_ok=True)
    path = args.results / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(json.dumps(report, indent=2))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
