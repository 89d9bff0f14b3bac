"""Let workers of another user at a folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def open_to_everybody(folder: Path) -> None:
    """Let everybody read and write a folder and what is in it; no link is followed.

    A folder above it must keep other users of the machine out.
    """
    for _, _, names, descriptor in os.fwalk(folder):
        os.fchmod(descriptor, 0o777)
        for name in names:
            if stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                os.chmod(name, 0o666, dir_fd=descriptor)  # noqa: S103  the folder above is closed
