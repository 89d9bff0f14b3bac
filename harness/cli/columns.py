"""Tables of many rows: aligned text, each row one line, in a moment even for thousands of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.control import strip_control_codes
from rich.text import Text

_BETWEEN = "  "


def print_columns(
    console: Console,
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    styles: Iterable[str] | None = None,
) -> None:
    """Print rows below their heading; ``styles`` has one for each row, which terminals show."""
    table = [tuple(heading), *(tuple(map(in_one_line, row)) for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    lines = (
        _BETWEEN.join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in table
    )
    print_lines(console, lines, styles=("bold", *(styles or [""] * len(rows))))


def print_lines(console: Console, lines: Iterable[str], *, styles: Iterable[str] | None = None) -> None:
    """Print lines as they are, one by one; a terminal breaks those that are too long for it."""
    if not console.is_terminal:
        console.file.writelines(f"{line}\n" for line in lines)
        return
    listed = list(lines)
    for line, style in zip(listed, styles or [""] * len(listed), strict=True):
        console.print(Text(line, style=style), soft_wrap=True)


def in_one_line(text: str) -> str:
    """The text without line breaks and other signs that move the cursor."""
    return text if text.isprintable() else strip_control_codes(" ".join(text.split()))
