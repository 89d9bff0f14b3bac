"""Text of strangers, shown to people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plain_text import in_lines, one_line

ANY = st.text(st.characters(), max_size=400)


@given(ANY)
def test_one_line_is_one_line_that_does_nothing(text: str) -> None:
    shown = one_line(text)
    assert shown.isprintable()
    assert len(shown) <= 300
    assert one_line(shown) == shown
    if text.isprintable() and len(text) <= 300:
        assert shown == text


@given(ANY, st.integers(1, 300))
def test_lines_stay_lines_and_do_nothing_else(text: str, longest: int) -> None:
    shown = in_lines(text, longest=longest)
    assert len(shown) <= longest
    assert all(character.isprintable() or character in "\n\t\u200c\u200d" for character in shown)
    assert in_lines(shown, longest=longest) == shown
    shown.encode()  # nothing is left that no file could hold


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("zażółć 細胞", "zażółć 細胞"),
        ("x" * 301, "x" * 299 + "…"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert one_line(text) == shown
