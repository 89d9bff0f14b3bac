"""What a build of an image is given: a folder with nothing in it but what the Dockerfile names."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from uv import find_uv_bin

from harness.environments.docker.order import Order

SECRETS = ("variables", "client.pem")  # of what is configured: addresses may hold passwords


def lay_out(folder: Path, order: Order, *, settings: Path, secrets: Path) -> None:
    """Fill new folders, which nobody else must be able to read.

    Args:
        folder: for the Dockerfile and the lock.
        settings: for what the Dockerfile expects in "settings", but for ``SECRETS``.
        secrets: for these; may be the same folder.

    Raises:
        OSError: they cannot be written.
    """
    for needed in (folder, settings, secrets):
        needed.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(order.labelled, "utf-8")
    shutil.copyfile(order.spec.lock, folder / "requirements.lock")  # of whichever version it is
    (secrets / "variables").write_text(order.settings.text, "utf-8")
    if sys.platform == "linux":  # our own uv need not be fetched, and has the version that we know
        _place(Path(find_uv_bin()), settings / "uv")
        (settings / "uv").chmod(0o755)
    for name, source in order.settings.files.items():
        shutil.copyfile(source, (secrets if name in SECRETS else settings) / name)
    if order.settings.wheels:
        (settings / "wheels").mkdir()
        for wheel in order.settings.wheels:
            _place(wheel, settings / "wheels" / wheel.name)


def _place(source: Path, target: Path) -> None:
    """A second name for a large file, or else a copy of it."""
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or a file of another user
        shutil.copyfile(source, target)
