"""The page of a job: a table in words, and what to do about each red cell."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.github.outcome import Outcome
from harness.github.summary import LONGEST, summary_of
from harness.ledger.gate import decide
from harness.ledger.record import Record
from harness.policy import DEFAULT
from tests.github.outcomes import (
    BIAPY_FAILS,
    BUILD_FAILED,
    INVALID,
    MESSAGES,
    NOT_FOR_CAREAMICS,
    ONNX_DIFFERS,
    ONNX_PASSED,
    OUTCOMES,
    PASSED,
    SUMMARIES,
    TODAY,
    WAIVED,
    many,
    outcome,
)
from tests.github.rendered import Seen
from tests.ledger.strategies import RECORDS

OURS = {"h2", "h3", "p", "code", "pre", "strong", "ul", "li", "details", "summary"} | {
    "table", "thead", "tbody", "tr", "th", "td"
}  # fmt: skip


def summed_up(made: Outcome, *, part: str = "", longest: int = LONGEST) -> str:
    """The summary of an outcome."""
    return summary_of(made.decision, made.records, part=part, longest=longest)


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary_is_the_one_that_was_read(name: str) -> None:
    expected = (MESSAGES / "summaries" / f"{name}.md").read_text("utf-8")
    assert summed_up(OUTCOMES[name]) == expected, "see tests/github/outcomes.py for how to write it anew"


@pytest.mark.parametrize("name", OUTCOMES)
def test_rendered_it_is_ours(name: str) -> None:
    seen = Seen(summed_up(OUTCOMES[name]))
    assert set(seen.elements) <= OURS
    assert not seen.acted_on
    assert not seen.comments


@given(st.lists(RECORDS, max_size=5))
def test_whatever_a_model_says_it_is_text(records: list[Record]) -> None:
    unique = {
        str(number): msgspec.structs.replace(record, key=str(number)) for number, record in enumerate(records)
    }
    planned = {key: record.cell for key, record in unique.items()}
    decision = decide(planned, unique.values(), WAIVED, today=TODAY)
    seen = Seen(summary_of(decision, unique))
    assert set(seen.elements) <= OURS
    assert not seen.links
    assert not seen.acted_on


def test_symbols_stand_beside_words() -> None:
    made = outcome([PASSED, ONNX_DIFFERS, NOT_FOR_CAREAMICS, BUILD_FAILED])
    text = summed_up(made)
    assert "| `nuclei-unet2d 1.1.0` | ✗ onnx failed, ✓ 1 passed | – not applicable | ? no verdict |" in text


def test_what_has_no_record_is_told() -> None:
    text = summed_up(outcome([PASSED], lost=(ONNX_PASSED,)))
    assert text.startswith("## ? No verdict for 1 of 2 cells\n")
    assert "| ? 1 no result, ✓ 1 passed |" in text


def test_a_part_says_which_it_is() -> None:
    assert "Part 2/8 of the plan: 1 cell. ✓ 1 passed\n" in summed_up(outcome([PASSED]), part="2/8")


def test_models_that_need_somebody_come_first() -> None:
    text = summed_up(outcome([PASSED, INVALID]))
    assert text.index("| `spots-heatmap2d`") < text.index("| `nuclei-unet2d 1.1.0`")


def test_what_does_not_block_says_by_which_rule() -> None:
    text = summed_up(outcome([PASSED, BIAPY_FAILS, ONNX_DIFFERS], policy=WAIVED))
    assert text.startswith("## ✓ Nothing stands in the way: 1 passed, 2 failed\n")
    assert (
        "- **Does not block:** `waiver 1 (weights onnx): values-differ until 2026-12-31 by @octocat" in text
    )


@pytest.mark.parametrize("longest", [LONGEST, 100_000, 10_000, 1_000])
def test_it_has_the_size_that_is_left(longest: int) -> None:
    records = [
        msgspec.structs.replace(record, key=str(number), message="long " * 1000)
        for number, record in enumerate(many() * 10)
    ]
    planned = {record.key: record.cell for record in records}
    held = {record.key: record for record in records}
    text = summary_of(decide(planned, records, DEFAULT, today=TODAY), held, longest=longest)
    assert 0 < len(text.encode()) <= longest
    assert "more that did not pass: see the reports of this run" in text
    assert set(Seen(text).elements) <= OURS


@pytest.mark.parametrize("name", ["\N{MICROSCOPE}" * 120, "\u7d30\u80de|`" * 60])
def test_thousands_of_names_of_many_bytes_fit(name: str) -> None:
    """GitHub counts bytes: a name of 120 characters may have 480, or more once it is escaped."""
    records = [
        msgspec.structs.replace(
            one,
            key=f"{number}",
            message=name * 30,
            model=msgspec.structs.replace(one.model, id=f"{number} {name}"),
        )
        for number, one in enumerate(many() * 8)
    ]
    planned = {record.key: record.cell for record in records}
    held = {record.key: record for record in records}
    text = summary_of(decide(planned, records, DEFAULT, today=TODAY), held)
    assert 100_000 < len(text.encode()) <= LONGEST
    assert text.count("<details>") == text.count("</details>")
    assert set(Seen(text).elements) <= OURS


def test_without_room_nothing_is_said() -> None:
    assert summed_up(outcome([PASSED]), longest=10) == ""
