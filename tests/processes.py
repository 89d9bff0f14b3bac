"""What runs on this machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def processes_with(*words: str | bytes | Path) -> list[int]:
    """Ids of the processes whose command line holds each of these words; some may have ended since."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):  # it has ended
                line = (process / "cmdline").read_bytes()
                if all((word.encode() if isinstance(word, str) else bytes(word)) in line for word in words):
                    found.append(int(process.name))
    return found
