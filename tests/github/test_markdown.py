"""Whatever a model says, it is shown as code, and nothing comes of it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.github.markdown import clipped, code, fence, shell, summary, visible
from tests.github.rendered import HOSTILE, Seen

ANY = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=8), min_size=1, max_size=6).map(
    "".join
)
LONG = 10_000


def shown(text: str) -> str:
    """What a reader of code sees of it; a browser joins spaces."""
    return visible(text).strip()


@given(ANY)
def test_code_within_a_line_is_nothing_else(text: str) -> None:
    seen = Seen(f"before {code(text, longest=LONG)} after")
    assert set(seen.elements) <= {"p", "code"}
    assert not seen.links
    assert not seen.acted_on
    assert not seen.comments
    assert seen.text.replace("|", "").split() in (["before", "after"], ["before", "–", "after"])


@given(ANY)
def test_code_shows_all_of_the_text_but_bars(text: str) -> None:
    seen = Seen(f"before {code(text, longest=LONG)} after")
    assert "".join("".join(seen.code).split()) == "".join(visible(text).replace("|", "").split())
    assert seen.text.count("|") == text.count("|")


@given(ANY)
def test_code_in_a_table_stays_in_its_cell(text: str) -> None:
    seen = Seen(f"| a | b |\n|---|---|\n| {code(text, longest=LONG)} | end |\n")
    table = ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert [element for element in seen.elements if element != "code"] == table
    assert seen.text.split()[-1] == "end"
    assert not seen.acted_on


@given(ANY)
@example("```\n" * 3)
@example("a\n\n</details>\n\n@octocat")
def test_a_block_of_code_ends_where_we_end_it(text: str) -> None:
    seen = Seen(f"<details><summary>s</summary>\n\n{fence(text, lines=50)}\n\nafter\n\n</details>")
    assert seen.elements == ["details", "summary", "pre", "code", "p"]
    assert seen.text.split() == ["s", "after"]
    assert not seen.comments


@given(ANY)
def test_a_block_of_code_within_a_list_stays_in_it(text: str) -> None:
    block = fence(text, lines=50).replace("\n", "\n  ")
    seen = Seen(f"- before\n\n  {block}\n\n- after\n\nend")
    assert seen.elements == ["ul", "li", "p", "pre", "code", "li", "p", "p"]


@given(ANY)
def test_commands_are_lines_of_one_block(text: str) -> None:
    seen = Seen(f"{shell('first', text, 'last')}\n\nafter")
    assert seen.elements == ["pre", "code", "p"]
    assert seen.code[0].splitlines()[0] == "first"
    assert len(seen.code[0].split("\n")) == 4


@given(ANY)
def test_a_summary_is_one_line_of_html(text: str) -> None:
    seen = Seen(f"<details><summary>{summary(text, longest=LONG)}</summary>\n\nafter\n\n</details>")
    assert seen.elements == ["details", "summary", "code", "p"]
    assert seen.code == [visible(text)]


@given(st.text(st.characters()))
def test_what_is_visible_hides_nothing(text: str) -> None:
    made = visible(text)
    assert len(made.split("\n")) == 1
    assert not any("\u202a" <= character <= "\u202e" or character < " " for character in made)
    made.encode()  # no half of a character


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("Zürich 細胞", "Zürich 細胞"),
        ("a\nb\x00", "a␊b␀"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u200bb\u3164", "a\\u200bb\\u3164"),
        ("\U000e0041", "\\U000e0041"),
        ("`" * 100, "````````…"),
    ],
)
def test_how_it_is_made_visible(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(ANY, st.integers(5, 40))
def test_what_is_clipped_keeps_both_ends(text: str, longest: int) -> None:
    made = clipped(text, longest)
    assert len(made) <= longest
    if made != text:
        assert made[:2] == text[:2]
        assert made[-1] == text[-1]


def test_a_long_text_is_shown_by_its_begin_and_its_end() -> None:
    lines = fence("\n".join(f"line {number}" for number in range(100)), lines=6).splitlines()
    assert lines == ["```", "line 0", "line 1", "line 2", "…", "line 98", "line 99", "```"]


def test_a_long_line_is_wrapped_between_words() -> None:
    lines = fence("field outputs[0].axes[1].size: is wrong; " * 4, lines=6).splitlines()[1:-1]
    assert len(lines) == 2
    assert all(len(line) <= 100 for line in lines)
    assert lines[1].startswith("  ")


def test_a_text_of_many_megabytes_takes_no_time() -> None:
    assert len(fence("x " * 5_000_000, lines=10)) < 1_100
