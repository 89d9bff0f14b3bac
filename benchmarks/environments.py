"""How long environments take when everything is cached: ``python -m benchmarks.environments --help``."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from harness.cell import Backend
from harness.environments import health, spec, store
from harness.environments.attempt import Attempt
from harness.environments.conda.channels import VARIABLE
from tests.environments.conda.channel import LocalChannel, python_package

_ROOT = Path(__file__).parent.parent
_SMALL = {
    "environment.toml": """
description = "Python, and nothing else."
python = "3.11"
weights_formats = []
consumers = []
""",
    "requirements.in": "",
    "requirements.lock": "",
    "environment.yml": "channels: [conda-forge]\ndependencies: [python=3.11]\n",
    "health.py": "import json\n",
}


class Cost(TypedDict):
    """Seconds until an environment is ready; those that are warm are medians of builds with full caches.

    The health check is in all of them: it imports the framework.
    """

    first: float
    warm: float
    warm_cpu: float
    health_check: float
    packages: int
    size_mb: float


def measure(names: Sequence[str], folder: Path, *, repeat: int) -> dict[str, dict[str, Cost]]:
    """Build environments with each backend once, then ``repeat`` times more.

    Wheels come from where uv has them; conda packages are in a cache of the benchmark, and come from a
    channel in a folder with an installed Python in it, unless HARNESS_CONDA_CHANNELS names a better one.

    Args:
        names: of the project's environments; "small" is a Python without packages.
        folder: empty, for everything that is made, on the file system of uv's cache.
    """
    os.environ["HARNESS_CACHE_DIR"] = str(folder / "cache")
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = f"conda-forge={_channel(folder).address}"
    small = folder / "small"
    small.mkdir()
    for file, text in _SMALL.items():
        (small / file).write_text(text, "utf-8")
    specs = {**spec.load_all(_ROOT / "environments"), "small": spec.load(small)}
    backends = (Backend.VENV, Backend.CONDA)
    return {
        name: {backend.value: _cost(spec.choose(specs, name), backend, repeat=repeat) for backend in backends}
        for name in names
    }


def _channel(folder: Path) -> LocalChannel:
    made = folder / "python"
    made.mkdir()
    package = python_package(made)
    if package is None:
        raise SystemExit(f"there is no Python 3.11 to make a conda package of; set {VARIABLE}")
    channel = LocalChannel(folder / "channel")
    channel.link(package)
    return channel


def _cost(made: spec.EnvironmentSpec, backend: Backend, *, repeat: int) -> Cost:
    wall: list[float] = []
    processor: list[float] = []
    for _ in range(repeat + 1):
        clock, used = time.perf_counter(), _processor_seconds()
        built = store.ensure(made, backend, on_progress=lambda _: None)
        wall.append(time.perf_counter() - clock)
        processor.append(_processor_seconds() - used)
        clock = time.perf_counter()
        attempt = Attempt(log=built.log, cwd=built.prefix.parent, on_progress=lambda _: None)
        health.check(made, built.python, attempt)
        checked = time.perf_counter() - clock
        store.discard(built)
        store.wipe(built.prefix.parent)  # not part of what is measured
    return Cost(
        first=round(wall[0], 2),
        warm=round(statistics.median(wall[1:]), 2),
        warm_cpu=round(statistics.median(processor[1:]), 2),
        health_check=round(checked, 2),
        packages=len(built.packages),
        size_mb=round(built.size_bytes / 1e6),
    )


def _processor_seconds() -> float:
    """Of this process and all that it has started and that has ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.environments",
        epilog="example: python -m benchmarks.environments small onnx --repeat 5",
    )
    parser.add_argument("names", nargs="*", default=["small", "onnx"], metavar="NAME")
    parser.add_argument("--repeat", type=int, default=5, help="warm builds of each (default: 5)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as folder:
        print(json.dumps(measure(args.names, Path(folder), repeat=args.repeat), indent=2))


if __name__ == "__main__":
    main()
