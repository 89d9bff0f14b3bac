"""The time that records bear: UTC, ISO 8601 to the millisecond, which sorts as text (pure)."""

from __future__ import annotations

import datetime
import re

_MILLISECOND = datetime.timedelta(milliseconds=1)


def as_text(moment: datetime.datetime) -> str:
    """A moment of any time zone as records bear it."""
    utc = moment.astimezone(datetime.timezone.utc)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_time(text: str) -> bool:
    """Whether a record may bear it: a moment that there is, written as the harness writes it."""
    try:
        return as_text(_read(text)) == text
    except (ValueError, OverflowError):
        return False


def later(text: str) -> str:
    """A millisecond later.

    Raises:
        ValueError: it is no time.
        OverflowError: it is the last one that there is.
    """
    return as_text(_read(text) + _MILLISECOND)


def for_names(text: str) -> str:
    """To the second, as the names of files begin: ``20260101T120000``."""
    return re.sub(r"[^0-9T]", "", text)[:15]


def _read(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
