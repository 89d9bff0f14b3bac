"""The page of a run of Actions, to which steps add text."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from harness.errors import OutputError
from harness.github.summary import LONGEST


def add_to_page(text_of: Callable[[int], str]) -> bool:
    """Append what ``text_of`` answers to ``GITHUB_STEP_SUMMARY``; False where there is none.

    Args:
        text_of: is told how many bytes there is room for.

    Raises:
        OutputError: it cannot be written.
    """
    target = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not target:
        return False
    path = Path(target)
    written = path.stat().st_size if path.is_file() else 0
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text_of(LONGEST - written))
    except OSError as error:
        raise OutputError(f"{target}: the summary cannot be written ({error.strerror})") from error
    return True
