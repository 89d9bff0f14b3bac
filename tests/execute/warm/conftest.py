"""Workers whose runner is a few lines of the test's own: nothing has to be imported or computed."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest

from harness import jsonio
from harness.cell import Backend, EnvironmentRef
from harness.environments.built import BuiltEnvironment
from harness.execute.isolate.choose import choose
from harness.execute.isolate.level import Confinement, Level
from harness.execute.launch import Job
from harness.execute.stage import WORKER_PACKAGE, stage_worker
from harness.execute.workers import Kind, Workers
from harness.limits import Limits
from harness.proc import Finished
from tests.conftest import needs_level

LIMITS = Limits(seconds=60)


class Bench(msgspec.Struct):
    """Workers at work.

    Attributes:
        said: what they told about themselves.
        log: the output of the last cell.
    """

    workers: Workers
    folder: Path
    built: BuiltEnvironment
    said: list[str]

    @property
    def log_file(self) -> Path:
        return self.folder / "log"

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def cell(
        self,
        code: str,
        *,
        limits: Limits = LIMITS,
        look: Callable[[Path], Any] = Path.exists,
        cancel: threading.Event | None = None,
    ) -> Finished:
        """Run the code in a worker. ``look`` is called with the cell's folder before it is gone."""
        with self.workers.folder() as cell:
            for name in ("model", "inputs"):
                (cell / name).mkdir()
            (cell / "model" / "code.py").write_text(dedent(code), "utf-8")
            job = Job(runner="little", description="model", weights_format="none", device="cpu", threads=1)
            (cell / "job.json").write_bytes(jsonio.dumps(job))
            (cell / job.reply).touch()
            self.log_file.unlink(missing_ok=True)
            finished = self.workers.run(
                cell,
                Kind("0" * 64, "little"),
                self.built,
                log=self.log_file,
                limits=limits,
                cancel=cancel or threading.Event(),
            )
            look(cell)
            return finished


RUNNER = """
import os

{warm}

def prepare(job):
    exec(open(os.path.join(job.description, "code.py")).read(), {{}})

def needs(job):
    return []

def load(job):
    pass
"""
GOOD = "def warm():\n    print('warm', flush=True)\n"


@contextmanager
def workbench(
    folder: Path,
    level: str,
    *,
    fork: bool = True,
    warm: str = GOOD,
    confinement: Confinement | None = None,
    one_container_per_cell: bool = False,
) -> Iterator[Bench]:
    """Workers at a level of isolation.

    Args:
        folder: theirs, and empty.
        warm: the runner's code for it.
        confinement: what stands for the level; None for what is chosen.
    """
    needs_level(level)
    worker, cells = folder / "worker", folder / "cells"
    stage_worker(worker)
    (worker / WORKER_PACKAGE / "runners" / "little.py").write_text(RUNNER.format(warm=warm))
    cells.mkdir()
    said: list[str] = []
    with Workers(
        confinement or choose(Level(level)),
        worker=worker,
        cells=cells,
        threads=1,
        warm=fork,
        one_container_per_cell=one_container_per_cell,
        say=said.append,
    ) as workers:
        yield Bench(workers, folder, little_environment(folder), said)


def little_environment(folder: Path) -> BuiltEnvironment:
    """This interpreter, as if it were an environment; ``folder`` is for the log of its build."""
    return BuiltEnvironment(
        ref=EnvironmentRef(name="little", backend=Backend.VENV, digest="0" * 64),
        prefix=Path(sys.prefix),
        python=Path(sys.executable),
        python_version="3",
        packages={},
        variables={"A_SETTING": "of the environment"},
        seconds=0.0,
        size_bytes=0,
        log=folder / "build.log",
        fresh=False,
    )


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., AbstractContextManager[Bench]]:
    """A :func:`workbench` in a folder of the test's own."""
    return functools.partial(workbench, tmp_path)
