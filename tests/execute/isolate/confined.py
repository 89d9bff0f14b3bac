"""Run Python code in a confinement."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from harness.execute.isolate.environment import environment_mounts
from harness.execute.isolate.level import Confinement, Mount
from harness.execute.isolate.run import run_confined
from harness.limits import Limits
from harness.proc import Finished


class Ran(NamedTuple):
    """How it ended, what it printed, and the only folder that it could write to."""

    finished: Finished
    printed: str
    folder: Path


def run_python(
    confinement: Confinement,
    code: str,
    folder: Path,
    *,
    python: Path = Path(sys.executable),
    limits: Limits | None = None,
    env: dict[str, str] | None = None,
    fds: tuple[int, ...] = (),
    mounts: tuple[Mount, ...] = (),
) -> Ran:
    """Run the code in a new folder below ``folder``, as the confinement's worker."""
    cell = folder / "cell"
    cell.mkdir()
    confinement.hand_over(cell)
    own = Mount(source=cell, target="/cell", writable=True)
    with confinement.command(
        [str(python), "-B", "-c", code],
        env=env or {},
        mounts=(*environment_mounts(python), own, *mounts),
        cwd=confinement.path(own),
        fds=fds,
    ) as command:
        log = folder / "log"
        finished = run_confined(command, log=log, limits=limits or Limits(seconds=60), folders=(cell,))
    return Ran(finished, log.read_text("utf-8", errors="replace"), cell)
