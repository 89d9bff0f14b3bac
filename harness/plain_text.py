"""Text of strangers, shown to people."""

from __future__ import annotations

_LONGEST = 300
# Line ends, tabs, and what joins letters in some scripts and in emoji.
_KEPT = frozenset("\n\t\u200c\u200d")


def one_line(text: str) -> str:
    """The text with nothing in it that a terminal would obey, and not longer than 300 characters."""
    shown = "".join(map(_escaped, text[:_LONGEST]))  # what follows is cut off in any case, and may be long
    return shown if max(len(shown), len(text)) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def in_lines(text: str, *, longest: int) -> str:
    """The text in its lines, without what a terminal would obey or what turns the order of letters around.

    Plain text of at most so many characters stays as it is.
    """
    if text.isprintable() and len(text) <= longest:
        return text
    shown = "".join(c if c in _KEPT else _escaped(c) for c in text[:longest])
    return shown if max(len(shown), len(text)) <= longest else f"{shown[: longest - 1]}…"


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "replace").decode()
