"""A program that stands in for nvidia-smi: it prints what the real one prints, on machines without a GPU."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

# As printed by the real program for an H100, with the fields of nvidia_smi.py in their order.
HEALTHY = (
    "0, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, NVIDIA H100 80GB HBM3, 580.65.06, 81559, 81008,"
    " 00000000:1B:00.0, 9.0, Default, 0, No, Disabled\n"
)


def stand_in(folder: Path, printed: str, *, code: int = 0, before: str = "") -> Path:
    """A folder for the front of PATH, with an ``nvidia-smi`` that prints this whatever it is asked.

    Args:
        before: shell commands that it runs first; "$2" and so on are what it was asked.
    """
    folder.mkdir(exist_ok=True)
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{before}\nprintf %s {shlex.quote(printed)}\nexit {code}\n", "utf-8")
    program.chmod(0o755)
    return folder


def path_with(folder: Path) -> str:
    """The variable PATH with the folder in front."""
    return f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
