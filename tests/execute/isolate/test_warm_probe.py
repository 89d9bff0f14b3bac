"""Nothing gets out of a cell that was forked out of a warm process in a sandbox."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from harness import jsonio
from harness.cell import Backend, EnvironmentRef
from harness.environments.built import BuiltEnvironment, run_variables
from harness.execute.isolate import bait, escape, requirements
from harness.execute.isolate.escape.main import ATTEMPTS
from harness.execute.launch import Job
from harness.execute.stage import WORKER_PACKAGE, stage_worker
from harness.execute.workers import Kind, Workers
from harness.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

RUNNER = """
def warm():
    pass

def prepare(job):
    import sys
    sys.path.insert(0, "/cell")
    from escape.main import main
    main("task.json", "answer.json")
"""
_PRIVATE = ("TMPDIR", "XDG_CACHE_HOME", "BIOIMAGEIO_CACHE_PATH")
TOKEN = os.urandom(16).hex()


def test_nothing_gets_out_of_a_forked_cell(tmp_path: Path) -> None:
    worker, cells, said = tmp_path / "worker", tmp_path / "cells", list[str]()
    stage_worker(worker)
    (worker / WORKER_PACKAGE / "runners" / "escaping.py").write_text(RUNNER)
    cells.mkdir()
    built = environment(tmp_path)
    with (
        bait.laid_out(tmp_path, TOKEN) as task,
        Workers(
            requirements.sandbox(), worker=worker, cells=cells, threads=1, warm=True, say=said.append
        ) as workers,
        workers.folder() as cell,
    ):
        shutil.copytree(Path(escape.__file__).parent, cell / "escape")
        more = {
            "attempts": list(ATTEMPTS),
            "variables": [*run_variables(built, threads=1), *_PRIVATE],
            "environment": str(built.prefix),
            "processes": 400,
        }
        (cell / "task.json").write_text(json.dumps(task | more))
        for folder in ("model", "inputs"):
            (cell / folder).mkdir()
        job = Job(runner="escaping", description="x", weights_format="none", device="cpu", threads=1)
        (cell / "job.json").write_bytes(jsonio.dumps(job))
        (cell / job.reply).touch()
        finished = workers.run(
            cell,
            Kind("made-up", "escaping"),
            built,
            log=tmp_path / "log",
            limits=Limits(seconds=60),
            cancel=threading.Event(),
        )
        assert (finished.exit_code, said) == (0, []), (tmp_path / "log").read_text()
        answer = json.loads((cell / "answer.json").read_text())
    got_out = {attempt["name"]: attempt["detail"] for attempt in answer if attempt["escaped"]}
    assert got_out.pop("descriptors") == f"inherited /cell/{job.reply}"  # it has opened that itself
    assert got_out.pop("write-outside") == "wrote to /cell/home"  # its home is in its own folder
    assert got_out == {}


def environment(folder: Path) -> BuiltEnvironment:
    """This interpreter, as if it were an environment."""
    return BuiltEnvironment(
        ref=EnvironmentRef(name="made-up", backend=Backend.VENV, digest="0" * 64),
        prefix=Path(sys.prefix),
        python=Path(sys.executable),
        python_version="3",
        packages={},
        variables={},
        seconds=0.0,
        size_bytes=0,
        log=folder / "build.log",
        fresh=False,
    )
