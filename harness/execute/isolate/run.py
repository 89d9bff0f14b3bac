"""Run what a confinement commands."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from harness import proc
from harness.execute.isolate.level import Command
from harness.limits import Limits


def run_confined(
    command: Command,
    *,
    log: Path,
    limits: Limits,
    folders: Sequence[Path] = (),
    cancel: threading.Event | None = None,
    measured: bool = True,
) -> proc.Finished:
    """As :func:`harness.proc.supervise`; what comes back is how the worker ended, not what confines it."""
    job = {"argv": list(command.argv), "env": command.env, "cwd": os.fspath(command.cwd)}
    finished = proc.supervise(
        job,
        command.host,
        log=log,
        limits=limits,
        folders=folders,
        cancel=cancel,
        fds=command.fds,
        measured=measured,
    )
    return command.explain(finished)
