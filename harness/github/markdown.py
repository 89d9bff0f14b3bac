"""Text of unknown authors in GitHub's Markdown: always as code, in which GitHub looks for nothing.

Within code there are no mentions, references, commits, addresses, emoji, formulas, emphasis or HTML: nobody
is pinged and nothing is linked. Escapes do not do that: GitHub looks for addresses and names after it has
undone them.
"""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata

NAME = 120
"""Characters of a name that are shown."""

_WIDTH = 88  # about what a comment shows without a scroll bar
_NOT_SHOWN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_PICTURES = 0x2400  # of U+0000 to U+001F
_TICKS = re.compile("`+")
_MOST_TICKS = 8  # readers give up on code that is marked by some more


class Markdown(str):
    """Markdown of ours, or text that was made safe to be part of it."""

    __slots__ = ()


def visible(text: str) -> str:
    """``text`` in one line, without a character that hides, turns around or joins others.

    Control characters become their pictures (␊); all that is not seen and what changes the direction of
    writing becomes its escape (``\\u202e``).
    """
    plain = text if text.isascii() and text.isprintable() else "".join(map(_visible, text))
    return _TICKS.sub(lambda run: run[0] if len(run[0]) <= _MOST_TICKS else run[0][:_MOST_TICKS] + "…", plain)


def clipped(text: str, longest: int) -> str:
    """``text`` without its middle if it has more than ``longest`` characters."""
    if len(text) <= longest:
        return text
    first = longest // 2
    return f"{text[:first]}…{text[len(text) - (longest - first - 1) :]}"


def code(text: str, *, longest: int = NAME) -> Markdown:
    """``text`` as code within a line, which may be a cell of a table."""
    # A bar ends a cell even within code, and readers differ in how it can be escaped there.
    parts = clipped(visible(clipped(text, longest)), longest).split("|")
    return Markdown("&#124;".join(map(_span, parts)) or "–")


def fence(text: str, *, lines: int) -> Markdown:
    """``text`` as a block of code that is wrapped; of more than ``lines`` lines, not those in the middle."""
    most = lines * _WIDTH
    if len(text) > 2 * most:
        text = f"{text[:most]}\n…\n{text[-most:]}"
    shown = [part for line in text.splitlines() for part in _wrapped(visible(line.expandtabs(4)))]
    if len(shown) > lines:
        last = lines // 3
        shown = [*shown[: lines - last - 1], "…", *shown[len(shown) - last :]]
    return _fenced("\n".join(shown))


def shell(*commands: str) -> Markdown:
    """Commands to be copied, each in a line of its own."""
    return _fenced("\n".join(map(visible, commands)), language="sh")


def summary(text: str, *, longest: int = NAME) -> Markdown:
    """``text`` as code within a line of HTML, such as ``<summary>``, where there is no Markdown."""
    return Markdown(f"<code>{html.escape(clipped(visible(clipped(text, longest)), longest))}</code>")


def _visible(character: str) -> str:
    number = ord(character)
    if number < 0x20:
        return chr(_PICTURES + number)
    if unicodedata.category(character) in _NOT_SHOWN or character in _BLANK:
        return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
    return character


def _span(text: str) -> str:
    if not text:
        return ""
    ticks = _ticks(text, at_least=1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _fenced(content: str, *, language: str = "") -> Markdown:
    ticks = _ticks(content, at_least=3)
    return Markdown(f"{ticks}{language}\n{content}\n{ticks}")


def _ticks(text: str, *, at_least: int) -> str:
    """More backticks than there are anywhere in the text."""
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    return "`" * max(at_least, longest + 1)


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False, replace_whitespace=False
    ) or [""]
