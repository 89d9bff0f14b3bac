"""Where the harness keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$HARNESS_CACHE_DIR``, or else the user's cache folder; environments and downloads are below it."""
    import platformdirs  # noqa: PLC0415  only where something is cached

    chosen = os.environ.get("HARNESS_CACHE_DIR")
    return Path(chosen).absolute() if chosen else platformdirs.user_cache_path("bioimage-harness")
