"""What a build of an image is given: a folder with nothing in it but what the Dockerfile names."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from uv import find_uv_bin

from harness.environments.docker.settings import BuildSettings

DOCKERFILE = "Dockerfile"
SETTINGS = "settings"


def lay_out(folder: Path, *, dockerfile: str, lock: Path, settings: BuildSettings) -> None:
    """Fill a new folder that nobody else can read: addresses may hold passwords.

    Raises:
        OSError: it cannot be written.
    """
    (folder / DOCKERFILE).write_text(dockerfile, "utf-8")
    shutil.copyfile(lock, folder / lock.name)
    inside = folder / SETTINGS
    inside.mkdir()
    (inside / "variables").write_text(settings.text, "utf-8")
    if sys.platform == "linux":  # our own uv need not be fetched, and has the version that we know
        _place(Path(find_uv_bin()), inside / "uv")
        (inside / "uv").chmod(0o755)
    for name, source in settings.files.items():
        shutil.copyfile(source, inside / name)
    if settings.wheels:
        (inside / "wheels").mkdir()
        for wheel in settings.wheels:
            _place(wheel, inside / "wheels" / wheel.name)


def _place(source: Path, target: Path) -> None:
    """A second name for a large file, or else a copy of it."""
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or a file of another user
        shutil.copyfile(source, target)
