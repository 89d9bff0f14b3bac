"""Forty small U-Nets, harness against reference runtime: ``python -m benchmarks.unets --help``."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

from benchmarks.main_job import bare_seconds
from harness.cell import Backend
from harness.environments import store
from harness.environments.built import BuiltEnvironment, run_variables
from harness.environments.spec import load_all
from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.verdict import Status
from tests.zoo.building import copy_model

_ROOT = Path(__file__).parent.parent
_WEIGHTS = "pytorch_state_dict"
# What the command `bioimageio test` calls, for one model after the other in one process.
_LOOP = """
import sys
from bioimageio.core import test_model
for path in sys.argv[1:]:
    summary = test_model(path, weight_format="pytorch_state_dict")
    assert summary.status != "failed", summary.display()
"""


class Figures(TypedDict):
    """Seconds of wall time of one run each, and ratios of their medians."""

    models: int
    harness_sandbox: list[float]
    harness_process: list[float]
    reference_command_two_at_a_time: list[float]
    reference_loop_in_one_process: list[float]
    faster_than_command: float
    faster_than_loop: float
    cell_overhead_median: float


def measure(folder: Path, *, count: int = 40, repeat: int = 3) -> Figures:
    """Run all kinds in turns, ``repeat`` times.

    Args:
        folder: empty; on the file system on which environments are tested.
    """
    models = [
        copy_model(_ROOT / "collection" / "nuclei-unet2d", folder / "models", f"m{n:02}")
        for n in range(count)
    ]
    spec = load_all(_ROOT / "environments")["pytorch"]
    built = store.ensure(spec, Backend.VENV, on_progress=print)
    sandbox, process, command, loop = [], [], [], []
    overheads: list[float] = []
    for number in range(repeat):
        output = folder / f"sandbox-{number}"
        sandbox.append(_harness(folder / "models", output, "sandbox"))
        overheads += [record.seconds - bare_seconds(record) for record in _records(output)]
        process.append(_harness(folder / "models", folder / f"process-{number}", "process"))
        command.append(_command(models, built, folder))
        loop.append(_reference([str(built.python), "-c", _LOOP, *map(str, models)], built, folder))
    median = statistics.median
    return Figures(
        models=count,
        harness_sandbox=sandbox,
        harness_process=process,
        reference_command_two_at_a_time=command,
        reference_loop_in_one_process=loop,
        faster_than_command=median(command) / median(sandbox),
        faster_than_loop=median(loop) / median(sandbox),
        cell_overhead_median=median(overheads),
    )


def _harness(models: Path, output: Path, isolation: str) -> float:
    options = ("--weights", _WEIGHTS, "--isolation", isolation, "--jobs", "2", "--output", str(output))
    clock = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "harness", "run", str(models), *options],
        cwd=_ROOT,
        check=True,
        capture_output=True,
    )
    seconds = time.perf_counter() - clock
    if any(record.status is not Status.PASSED for record in _records(output)):
        raise SystemExit(f"{output}: a model that should pass did not")
    return seconds


def _records(output: Path) -> list[Record]:
    return current(read_records(output / "ledger"))


def _command(models: list[Path], built: BuiltEnvironment, folder: Path) -> float:
    """The reference command once for each model, two at a time; seconds."""
    clock = time.perf_counter()
    with ThreadPoolExecutor(max_workers=2) as pool:
        program = str(built.python.parent / "bioimageio")
        list(
            pool.map(
                lambda model: _reference(
                    [program, "test", str(model), "--weight-format", _WEIGHTS], built, folder
                ),
                models,
            )
        )
    return time.perf_counter() - clock


def _reference(command: list[str], built: BuiltEnvironment, folder: Path) -> float:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "BIOIMAGEIO_CACHE_PATH"), str(home))
    clock = time.perf_counter()
    done = subprocess.run(
        command,
        env={**run_variables(built, threads=1), **places, "TMPDIR": os.environ.get("TMPDIR", str(folder))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(
            f"the reference that is measured failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return time.perf_counter() - clock


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.unets", epilog="example: python -m benchmarks.unets --models 10 --repeat 1"
    )
    parser.add_argument("--models", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each kind, in turns (default: 3)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        print(json.dumps(measure(Path(folder), count=args.models, repeat=args.repeat), indent=2))


if __name__ == "__main__":
    main()
