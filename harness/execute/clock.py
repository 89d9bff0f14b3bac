"""The time that records bear."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable

from harness.ledger.moment import as_text, later


def now() -> str:
    """The time in UTC, ISO 8601 to the millisecond; sorts as text."""
    return as_text(datetime.datetime.now(datetime.timezone.utc))


class Clock:
    """Time that never goes back, not even behind what the ledger holds already.

    Views ask for the newest record. Where a machine's clock was set back, that must still be the one that was
    recorded last. Threads may share a clock.

    Args:
        not_before: the newest time that the ledger knows, empty if it is empty.
        read: where the time comes from.
    """

    def __init__(self, not_before: str = "", *, read: Callable[[], str] = now) -> None:
        self._last = not_before
        self._read = read
        self._lock = threading.Lock()

    def now(self) -> str:
        """The time, or else a millisecond after the newest that is known."""
        with self._lock:
            self._last = max(self._read(), _next(self._last))
            return self._last


def _next(time: str) -> str:
    """A millisecond later; text that is no time sorts before all others."""
    try:
        return later(time)
    except (ValueError, OverflowError):
        return ""
