"""The escape probe in a forked cell: `python -m tests.execute.isolate.warm_probe LEVEL`.

It prints {name of an attempt: how far it came} of those that got out.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from harness import jsonio
from harness.environments.built import run_variables
from harness.execute.isolate import bait, escape, requirements
from harness.execute.isolate.container import container
from harness.execute.isolate.escape.main import ATTEMPTS
from harness.execute.isolate.level import Confinement, Level
from harness.execute.launch import Job
from harness.execute.stage import WORKER_PACKAGE, stage_worker
from harness.execute.workers import Kind, Workers
from harness.limits import Limits
from tests.execute.warm.conftest import little_environment

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


def probe_forked(
    confinement: Confinement, folder: Path, *, weaken: Callable[[Path], object] = Path.exists
) -> dict[str, str]:
    """What gets out of a cell that is forked there, but for what it is meant to have.

    Args:
        folder: empty.
        weaken: is given the folder with the worker's code, to change it.
    """
    worker, cells, said = folder / "worker", folder / "cells", list[str]()
    stage_worker(worker)
    (worker / WORKER_PACKAGE / "runners" / "escaping.py").write_text(RUNNER)
    weaken(worker / WORKER_PACKAGE)
    cells.mkdir()
    built = little_environment(folder)
    with (
        bait.laid_out(folder, os.urandom(16).hex()) as task,
        Workers(confinement, worker=worker, cells=cells, threads=1, warm=True, say=said.append) as workers,
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
        for name in ("model", "inputs"):
            (cell / name).mkdir()
        job = Job(runner="escaping", description="x", weights_format="none", device="cpu", threads=1)
        (cell / "job.json").write_bytes(jsonio.dumps(job))
        (cell / job.reply).touch()
        finished = workers.run(
            cell,
            Kind("little", "escaping"),
            built,
            log=folder / "log",
            limits=Limits(seconds=60),
            cancel=threading.Event(),
        )
        assert (finished.exit_code, said) == (0, []), (folder / "log").read_text()
        answer = json.loads((cell / "answer.json").read_text())
    assert [attempt["name"] for attempt in answer] == list(ATTEMPTS)
    got_out = {attempt["name"]: attempt["detail"] for attempt in answer if attempt["escaped"]}
    assert got_out.pop("descriptors") == f"inherited /cell/{job.reply}"  # it has opened that itself
    if got_out.get("write-outside") == "wrote to /cell/home":  # its home is in its own folder
        del got_out["write-outside"]
    return got_out


def main() -> None:
    """Probe a level as it can be had here."""
    found: dict[Level, Callable[[], Confinement]] = {
        Level.SANDBOX: requirements.sandbox,
        Level.CONTAINER: container,
    }
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write(json.dumps(probe_forked(found[Level(sys.argv[1])](), Path(name))))


if __name__ == "__main__":
    main()
