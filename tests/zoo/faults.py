"""Faults around the models: what breaks here is an environment, a disk, or a process, and no model is blamed.

Every fault is injected into a real run of a good model.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness.verdict import Reason, Status
from tests.conftest import REFERENCE
from tests.environments.conftest import TOML, Index, Maker
from tests.gpu.stand_in import HEALTHY, path_with, stand_in
from tests.main_job.conftest import ROOT, Run, run_harness
from tests.processes import processes_with
from tests.zoo.building import as_it_is, with_code

TOOL = ("bioimageio_core", "0.11.0")
LOCK = "bioimageio.core==0.11.0\n"
# Each worker a process of its own that the harness started: these faults happen to processes.
ONE_AT_A_TIME = ("--jobs", "1", "--timeout", "120", "--isolation", "process", "--no-fork")


class Bench(NamedTuple):
    """Where a fault is injected: folders and an index of the test's own.

    ``variables`` are environment variables of the harness.
    """

    folder: Path
    packages: Index
    variables: dict[str, str]

    @property
    def models(self) -> Path:
        """The collection."""
        return self.folder / "models"

    @property
    def output(self) -> Path:
        """Where the run writes."""
        return self.folder / "out"

    @property
    def scratch(self) -> Path:
        """TMPDIR of the harness; whatever it starts has this in its command line."""
        return Path(self.variables["TMPDIR"])

    def run(self, *options: str, **variables: str) -> Run:
        """``harness run``, one cell at a time."""
        return run_harness(
            self.models, self.output, *ONE_AT_A_TIME, *options, **{**self.variables, **variables}
        )

    def run_in(
        self, *options: str, lock: str = LOCK, health: str = "", toml: str = TOML, **variables: str
    ) -> Run:
        """``harness run`` of a good model in a little environment, in a cache of its own.

        It holds no more than a package that bears the name of the reference runtime.
        """
        as_it_is("onnx")(self.models / "good")
        self.packages.add(*TOOL)
        made = Maker(self.folder / "environments")(lock=lock, requirements="", health=health, toml=toml)
        cache = {"HARNESS_CACHE_DIR": str(self.folder / "cache"), **variables}
        return self.run("--environments", str(made.folder.parent), *options, **cache)

    def start(self, *options: str) -> subprocess.Popen[str]:
        """``harness run`` in the background."""
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "harness", "run", str(self.models)),
                *("--output", str(self.output), *REFERENCE, *ONE_AT_A_TIME, *options),
            ],
            cwd=ROOT,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def workers(self) -> list[int]:
        """The processes that run a model now."""
        return processes_with(self.scratch, "job.json")

    def wait_for(self, what: Callable[[], object], process: subprocess.Popen[str]) -> None:
        """Wait until something holds while the harness runs."""
        deadline = time.monotonic() + 120
        while not what():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)


class Fault(NamedTuple):
    """A fault, the reason that every model gets for it, and words that its message must hold.

    Attributes:
        inject: runs the harness with the fault.
        model: whose record has the reason.
        needs_root: whether a file system has to be mounted.
        status: None if it is the one that belongs to the reason.
    """

    name: str
    inject: Callable[[Bench], Run]
    reason: Reason
    says: tuple[str, ...]
    model: str = "good"
    needs_root: bool = False
    status: Status | None = None


def _lock_that_nobody_can_satisfy(bench: Bench) -> Run:
    return bench.run_in(lock=f"{LOCK}tiny==1900.1\n")


def _wheel_that_is_none(bench: Bench) -> Run:
    """The index lists it, and what it gives is no archive."""
    bench.packages.add("broken", "1.0")
    (wheel,) = (bench.packages.folder / "files").glob("broken-*.whl")
    wheel.write_bytes(b"what a proxy says instead of a file")
    page = bench.packages.folder / "simple" / "broken" / "index.html"
    page.write_text(f'<a href="../../files/{wheel.name}">{wheel.name}</a>\n', "utf-8")
    return bench.run_in(lock=f"{LOCK}broken==1.0\n")


def _health_check_that_fails(bench: Bench) -> Run:
    return bench.run_in(health="raise SystemExit('no processor here has what I need')")


def _tool_that_cannot_be_imported(bench: Bench) -> Run:
    """The health check does not look."""
    return bench.run_in(health="")


def _version_that_nobody_tested(bench: Bench) -> Run:
    """Somebody locked an old one; it is not even built."""
    return bench.run_in(lock="bioimageio.core==0.9.6\n")


def _environment_that_claims_too_much(bench: Bench) -> Run:
    """It says that it serves a weights format that its tool never opens."""
    as_it_is("tensorflow_js", original="spots-heatmap2d")(bench.models / "in-the-browser")
    return bench.run_in(toml=TOML.replace('"onnx"', '"onnx", "tensorflow_js"'), health="import tiny")


def _interpreter_that_went(bench: Bench) -> Run:
    """It is there for the health check, and not any more when the first model is started."""
    return bench.run_in(health="import os, sys; os.unlink(sys.executable)")


def _full_disk(bench: Bench) -> Run:
    """There is no room for the environment."""
    cache = bench.folder / "small"
    with small_disk(cache, kilobytes=64):
        return bench.run_in(HARNESS_CACHE_DIR=str(cache))


def _worker_killed_again_and_again(bench: Bench) -> Run:
    """As the kernel does where memory is short."""
    as_it_is("onnx")(bench.models / "good")
    process = bench.start()
    while process.poll() is None:
        kill_workers(bench)
        time.sleep(0.02)
    output = process.communicate()[0]
    return Run(process.returncode, output, "", bench.output)


def _model_edited_while_it_waits(bench: Bench) -> Run:
    """Somebody saves new weights after the plan was made."""
    with_code("\nimport time; time.sleep(5)\n")(bench.models / "a-slow-one")
    as_it_is("onnx")(bench.models / "good")
    process = bench.start()
    bench.wait_for(bench.workers, process)
    with (bench.models / "good" / "weights.onnx").open("ab") as weights:
        weights.write(b"\0")
    output = process.communicate(timeout=300)[0]
    return Run(process.returncode, output, "", bench.output)


def _on_gpu(bench: Bench, printed: str) -> Run:
    """A cell on a GPU, where a program stands in for nvidia-smi."""
    bench.models.mkdir(exist_ok=True)
    (bench.models / "policy.toml").write_text('schema = 1\nrequired_devices = ["cuda"]\n', "utf-8")
    path = path_with(stand_in(bench.folder / "bin", printed))
    return bench.run_in("--device", "cuda", toml=f'{TOML}devices = ["cuda"]\n', PATH=path)


def _no_gpu(bench: Bench) -> Run:
    return _on_gpu(bench, "No devices were found\n")


def _gpu_that_does_not_compute(bench: Bench) -> Run:
    """Its driver tells of it, and nothing in the environment can use it."""
    return _on_gpu(bench, HEALTHY)


def kill_workers(bench: Bench) -> int:
    """Kill what runs a model now, as no model kills itself; how many there were."""
    workers = bench.workers()
    for worker in workers:
        try:
            os.kill(worker, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(workers)


@contextmanager
def small_disk(folder: Path, *, kilobytes: int) -> Iterator[None]:
    """A file system of so many kilobytes in a new folder; only root may make one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


FAULTS = (
    Fault(
        "lock-that-nobody-can-satisfy",
        _lock_that_nobody_can_satisfy,
        Reason.ENVIRONMENT_UNSATISFIABLE,
        ("No solution found", "tiny==1900.1"),
        status=Status.INCONCLUSIVE,  # no model declared it
    ),
    Fault("wheel-that-is-none", _wheel_that_is_none, Reason.ENVIRONMENT_BUILD_FAILED, ("broken",)),
    Fault(
        "health-check-that-fails",
        _health_check_that_fails,
        Reason.ENVIRONMENT_UNHEALTHY,
        ("health check failed", "no processor here has what I need"),
    ),
    Fault(
        "tool-that-cannot-be-imported",
        _tool_that_cannot_be_imported,
        Reason.TOOL_UNUSABLE,
        ("the tool cannot be imported", "ModuleNotFoundError", "looked after by bioimage-io"),
    ),
    Fault(
        "version-that-nobody-tested",
        _version_that_nobody_tested,
        Reason.TOOL_VERSION_UNTESTED,
        ("was tested with >=0.11,<0.12, this is 0.9.6", "bioimage-io can say"),
    ),
    Fault(
        "environment-that-claims-too-much",
        _environment_that_claims_too_much,
        Reason.MODEL_NOT_SUPPORTED,
        ("no runtime for TensorFlow.js",),
        model="in-the-browser",
    ),
    Fault("no-gpu", _no_gpu, Reason.DEVICE_UNAVAILABLE, ("nvidia-smi finds no GPU", "No devices were found")),
    Fault(
        "gpu-that-does-not-compute",
        _gpu_that_does_not_compute,
        Reason.DEVICE_UNHEALTHY,
        ("NVIDIA H100", "nothing in this environment computes on a GPU"),
    ),
    Fault("interpreter-that-went", _interpreter_that_went, Reason.ENVIRONMENT_UNHEALTHY, ("python",)),
    Fault("full-disk", _full_disk, Reason.DISK_FULL, ("No space left on device",), needs_root=True),
    Fault("worker-killed-again-and-again", _worker_killed_again_and_again, Reason.NO_REPLY, ("SIGKILL",)),
    Fault(
        "model-edited-while-it-waits",
        _model_edited_while_it_waits,
        Reason.INTERNAL_ERROR,
        ("weights.onnx", "while the cell ran"),
    ),
)
