"""Tables of many rows: one line for each."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

from rich.console import Console

from harness.cli.columns import print_columns, print_lines


def printed(*, terminal: bool, heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=20, highlight=False)
    print_columns(console, heading, rows, styles=["red"] * len(rows))
    return stream.getvalue()


def test_columns_are_aligned_by_what_is_seen() -> None:
    rows = [("日本", "x"), ("a", "[red]\nb\x07")]
    told = printed(terminal=False, heading=("model", "why"), rows=rows)
    assert told == "model  why\n日本   x\na      [red] b\n"


def test_a_terminal_shows_colours_and_whole_lines() -> None:
    told = printed(terminal=True, heading=("model",), rows=[("a long name of a model, [b]twice",)])
    assert told.splitlines() == [
        "\x1b[1mmodel\x1b[0m",
        "\x1b[31ma long name of a model, [b]twice\x1b[0m",
    ]


def test_no_rows() -> None:
    assert printed(terminal=False, heading=("a", "b"), rows=[]) == "a  b\n"
    print_lines(Console(file=io.StringIO()), [])


def test_ten_thousand_rows_are_printed_in_a_moment() -> None:
    rows = [(f"model-{number}", "onnx", "opens onnx") for number in range(10_000)]
    clock = time.process_time()
    printed(terminal=False, heading=("model", "weights", "why"), rows=rows)
    assert time.process_time() - clock < 2
