"""Text of strangers, shown to people."""

from __future__ import annotations

_LONGEST = 300


def one_line(text: str) -> str:
    """The text with nothing in it that a terminal would obey, and not longer than 300 characters."""
    shown = text[:_LONGEST]  # what follows is cut off in any case, and may be long
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in shown)
    return shown if max(len(shown), len(text)) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
