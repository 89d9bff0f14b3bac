"""What an environment's interpreter needs to start: its own folder and that of the Python it is made from."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import IsolationError
from harness.execute.isolate.level import Mount

_LINKS = 40  # as many as the kernel follows


def environment_mounts(python: Path) -> tuple[Mount, ...]:
    """Read-only mounts, each at its own path, for an interpreter like ``PREFIX/bin/python``.

    A virtual environment's interpreter is a link, maybe by several steps, to another installation.

    Raises:
        IsolationError: a folder on the way is closed to the user of the harness.
    """
    folders: list[Path] = []
    for _ in range(_LINKS):
        _must_be_open(python)
        folders += [python.parent.parent] if python.parent.name == "bin" else []
        if not python.is_symlink():
            break
        python = python.parent / python.readlink()
    folders += [folder.resolve() for folder in folders]
    return tuple(
        Mount(source=folder, target=str(folder))
        for folder in dict.fromkeys(folders)
        if not folder.is_relative_to("/usr")  # is shown anyway
    )


def _must_be_open(python: Path) -> None:
    for folder in reversed(python.parents):
        if not os.access(folder, os.X_OK):
            raise IsolationError(
                f"{python} cannot be started: {folder} is closed to this user; "
                f"run `chmod a+x {folder}`, or build the environment with another Python"
            )
