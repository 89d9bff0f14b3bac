"""Workers whose runner is a few lines of the test's own: nothing has to be imported or computed."""

from __future__ import annotations

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
from harness.execute.isolate.level import Level
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
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

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
            log = self.folder / "log"
            log.unlink(missing_ok=True)
            finished = self.workers.run(
                cell,
                Kind("0" * 64, "little"),
                self.built,
                log=log,
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


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., AbstractContextManager[Bench]]:
    """Workers at a level of isolation; ``warm`` is the runner's code for it."""

    @contextmanager
    def made(level: str, *, fork: bool = True, warm: str = GOOD) -> Iterator[Bench]:
        needs_level(level)
        worker, cells = tmp_path / "worker", tmp_path / "cells"
        stage_worker(worker)
        (worker / WORKER_PACKAGE / "runners" / "little.py").write_text(RUNNER.format(warm=warm))
        cells.mkdir()
        built = BuiltEnvironment(
            ref=EnvironmentRef(name="little", backend=Backend.VENV, digest="0" * 64),
            prefix=Path(sys.prefix),
            python=Path(sys.executable),
            python_version="3",
            packages={},
            variables={"A_SETTING": "of the environment"},
            seconds=0.0,
            size_bytes=0,
            log=tmp_path / "build.log",
            fresh=False,
        )
        said: list[str] = []
        confinement = choose(Level(level))
        with Workers(
            confinement, worker=worker, cells=cells, threads=1, warm=fork, say=said.append
        ) as workers:
            yield Bench(workers, tmp_path, built, said)

    return made
