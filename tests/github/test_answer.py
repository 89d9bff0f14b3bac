"""What is said of each outcome, where it is shown, and that nothing comes of what a model says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import labels
from harness.change import Change
from harness.github.answer import answer
from harness.github.message import LONGEST_BODY, LONGEST_DESCRIPTION, MARK, Kind, State
from harness.github.outcome import Links, Outcome
from harness.github.page import length
from harness.ledger.difference import differences
from harness.ledger.gate import decide
from harness.ledger.record import Record
from harness.verdict import Reason, Status
from tests.github.outcomes import (
    CHANGE,
    GATE,
    MESSAGES,
    NUCLEI,
    ONNX_DIFFERS,
    OUTCOMES,
    PASSED,
    TODAY,
    WAIVED,
    many,
    outcome,
)
from tests.github.rendered import HOSTILE, Seen
from tests.ledger.strategies import RECORDS
from tests.reports.factories import because, make_record

STATES = {
    "passed": (State.SUCCESS, Kind.PASSED, "Both cells passed"),
    "passed-not-applicable": (
        State.SUCCESS,
        Kind.PASSED,
        "Nothing stands in the way: 1 passed, 1 not applicable",
    ),
    "passed-nothing-ran": (State.SUCCESS, Kind.PASSED, "Nothing stands in the way: 1 not applicable"),
    "passed-fixed": (State.SUCCESS, Kind.PASSED, "Both cells passed"),
    "passed-not-blocking": (
        State.SUCCESS,
        Kind.PASSED,
        "Nothing stands in the way: 1 passed, 2 failed",
    ),
    "shared": (State.PENDING, Kind.SHARED, "Another open pull request proposes the same commit"),
    "passed-accepted": (State.SUCCESS, Kind.PASSED, "Passed"),
    "failed": (State.FAILURE, Kind.FAILED, "1 of 3 cells failed"),
    "failed-regressed": (State.FAILURE, Kind.FAILED, "1 of 2 cells failed"),
    "failed-description": (State.FAILURE, Kind.FAILED, "The only cell failed"),
    "failed-descriptions": (State.FAILURE, Kind.FAILED, "2 of 2 cells failed"),
    "failed-tool": (State.FAILURE, Kind.FAILED, "1 of 2 cells failed"),
    "failed-many": (State.FAILURE, Kind.FAILED, "480 of 600 cells failed"),
    "failed-waiver": (State.FAILURE, Kind.FAILED, "A waiver has expired"),
    "no-verdict": (State.ERROR, Kind.NO_VERDICT, "No verdict for 1 of 2 cells"),
    "no-verdict-lost": (State.ERROR, Kind.NO_VERDICT, "No verdict for 2 of 3 cells"),
    "no-verdict-nothing-planned": (State.ERROR, Kind.NO_VERDICT, "No verdict, since no cell was planned"),
    "nothing": (State.SUCCESS, Kind.NOTHING, "Nothing to test: no model is touched"),
    "removed": (State.SUCCESS, Kind.REMOVED, "Nothing to test: models are only deleted"),
    "review-excused": (State.PENDING, Kind.REVIEW, "A maintainer has to look at this"),
    "review": (State.PENDING, Kind.REVIEW, "A maintainer has to look at this"),
    "too-large": (State.ERROR, Kind.TOO_LARGE, "More files are changed than can be checked"),
    "refused": (State.ERROR, Kind.REFUSED, "The results could not be used"),
    "several": (
        State.FAILURE,
        Kind.SEVERAL,
        "1 of 3 cells failed; no verdict for 1 of 3 cells; a maintainer has to look at this",
    ),
    "hostile": (
        State.FAILURE,
        Kind.SEVERAL,
        "1 of 2 cells failed; the results could not be used; a maintainer has to look at this",
    ),
}
OURS = {"h3", "h4", "p", "code", "pre", "strong", "em", "ul", "li", "a", "details", "summary", "sub"} | {
    "table", "thead", "tbody", "tr", "th", "td"
}  # fmt: skip


@pytest.mark.parametrize("name", OUTCOMES)
def test_state_kind_and_headline(name: str) -> None:
    message = answer(OUTCOMES[name])
    assert (message.state, message.kind, message.headline) == STATES[name]


@pytest.mark.parametrize("name", OUTCOMES)
def test_body_is_the_one_that_was_read(name: str) -> None:
    expected = (MESSAGES / f"{name}.md").read_text("utf-8")
    assert answer(OUTCOMES[name]).body == expected, "see tests/github/outcomes.py for how to write it anew"


def test_no_message_is_left_over() -> None:
    assert {path.stem for path in MESSAGES.glob("*.md")} == set(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
def test_verdict_comes_first_and_the_rest_is_short(name: str) -> None:
    lines = answer(OUTCOMES[name]).body.splitlines()
    assert lines[0] == MARK
    assert lines[1].startswith("### ")
    first = next((number for number, line in enumerate(lines) if line.startswith("<details>")), len(lines))
    assert len([line for line in lines[:first] if line]) <= (60 if name in {"several", "hostile"} else 30)


@pytest.mark.parametrize("name", OUTCOMES)
def test_rendered_it_is_ours(name: str) -> None:
    assert_ours(answer(OUTCOMES[name]).body, links=name not in {"nothing"})


def assert_ours(body: str, *, links: bool = True) -> None:
    """Nothing in it is ours but text as code."""
    seen = Seen(body)
    assert set(seen.elements) <= OURS, seen.elements
    assert all(link.startswith("https://") and "bioimage-io" in link for link in seen.links)
    assert not seen.acted_on, seen.acted_on
    assert seen.comments == ["harness: comment"]


TEXT = st.lists(
    st.sampled_from([text for text in HOSTILE if text != "\ud800"]) | st.text(max_size=5), max_size=4
).map("".join)


@given(
    st.lists(RECORDS, max_size=6),
    TEXT,
    st.lists(TEXT, max_size=3),
    st.lists(TEXT, max_size=3),
    st.booleans(),
)
def test_whatever_a_model_says_it_is_text(
    records: list[Record], text: str, refused: list[str], paths: list[str], policy: bool
) -> None:
    unique = {
        str(number): msgspec.structs.replace(
            record,
            key=str(number),
            message=text + record.message,
            model=msgspec.structs.replace(record.model, id=text or record.model.id, source=text),
            consumer=msgspec.structs.replace(record.consumer, version=text),
        )
        for number, record in enumerate(records)
    }
    planned = {key: record.cell for key, record in unique.items()}
    said = answer(
        Outcome(
            change=Change(
                event=text, repository=text, pull=1, head_sha=text, models=(text,), review=tuple(paths),
                removed=tuple(paths),
            ),
            decision=decide(planned, unique.values(), WAIVED, today=TODAY),
            records=unique,
            differences=differences(planned, unique.values(), records),
            refused=tuple(refused),
            accepted_by=text if policy else "",
            collection=text,
            links=Links(run=f"x{text}", site=f"x{text}"),
        )
    )  # fmt: skip
    seen = Seen(said.body)
    assert set(seen.elements) <= OURS
    assert seen.links == []
    assert not seen.acted_on
    assert seen.comments == ["harness: comment"]
    assert len(said.description) <= LONGEST_DESCRIPTION
    assert said.headline.isprintable()
    assert length(said.body) <= LONGEST_BODY


@pytest.mark.parametrize("reason", [r for r in Reason if r.status in (Status.FAILED, Status.INCONCLUSIVE)])
def test_every_hint_is_markdown_as_it_was_meant(reason: Reason) -> None:
    body = answer(outcome([make_record(model=NUCLEI, **because(reason, "it says so"))])).body
    assert_ours(body)
    assert labels.REASON[reason].hint in body
    hint = Seen(labels.REASON[reason].hint)
    assert set(hint.elements) <= {"p", "code"}
    assert not hint.acted_on


def test_a_record_cannot_tell_its_own_hint() -> None:
    record = msgspec.structs.replace(ONNX_DIFFERS, hint="mail your password to octo@cat.org")
    assert "password" not in answer(outcome([record])).body


def test_hundreds_of_red_cells_are_counted_by_reason_and_tool() -> None:
    body = answer(OUTCOMES["failed-many"]).body
    assert "**Exception while running** in `biapy 3.7.1`: 46 cells: `model-001`, " in body
    assert length(body) <= LONGEST_BODY


@pytest.mark.parametrize("name", ["`|" * 100, "\U0001f9a0" * 200, "a" * 200])
def test_it_fits_however_long_names_and_messages_are(name: str) -> None:
    """Everything is cut between cells, so that nothing is left open."""
    records = [
        msgspec.structs.replace(
            record,
            key=f"{number}",
            message=name * 1000,
            model=msgspec.structs.replace(record.model, id=f"{name}{number}", version=name),
            consumer=msgspec.structs.replace(record.consumer, name=f"{name}{number % 40}"),
        )
        for number, record in enumerate([*many(), *many(), *many(), *many()])
    ]
    body = answer(outcome(records, change=CHANGE)).body
    assert length(body) <= LONGEST_BODY
    assert_ours(body)
    assert "[this run](https://github.com/bioimage-io/collection/actions/runs/7001)" in body


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"accepted_by": ""}, State.PENDING),
        ({"accepted_by": "octocat"}, State.SUCCESS),
        ({"accepted_by": "octocat", "refused": ("no artifact",)}, State.ERROR),
    ],
)
def test_what_changes_the_gate_is_green_only_once_it_is_accepted(
    changes: dict[str, Any], state: State
) -> None:
    change = msgspec.structs.replace(CHANGE, review=GATE)
    assert answer(outcome([PASSED], change=change, **changes)).state is state


def test_a_name_that_excuses_is_accepted_like_all_else() -> None:
    assert answer(outcome([PASSED], excused=("a",), accepted_by="octocat")).state is State.SUCCESS
    assert answer(outcome([ONNX_DIFFERS], excused=("a",), accepted_by="octocat")).state is State.FAILURE


def test_to_accept_excuses_no_failure() -> None:
    change = msgspec.structs.replace(CHANGE, review=GATE)
    assert answer(outcome([ONNX_DIFFERS], change=change, accepted_by="octocat")).state is State.FAILURE


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://a.b/) @octocat", "https://a.b/\nx", "//a"]
)
def test_only_an_address_becomes_a_link(address: str) -> None:
    body = answer(outcome([PASSED], links=Links(run=address, site=address))).body
    assert Seen(body).links == []
    assert "@octocat" not in body


def test_a_run_is_reproduced_from_its_own_artifacts() -> None:
    """In a folder of its own, in which no record is newer than those of the run."""
    told = answer(OUTCOMES["failed"]).body
    assert (
        f"""```sh
gh run download 7001 --dir run-7001
harness github take run-7001/plan run-7001 --output run-7001/reports
harness reproduce {ONNX_DIFFERS.key[:12]} --output run-7001/reports
```"""
        in told
    )
    assert "[README](https://github.com/bioimage-io/collection#readme)" in told


def test_without_the_address_of_a_run_nothing_is_downloaded() -> None:
    told = answer(msgspec.structs.replace(OUTCOMES["failed"], links=Links(run="https://elsewhere.org"))).body
    assert f"harness reproduce {ONNX_DIFFERS.key[:12]} --output reports" in told
    assert "gh run download" not in told
    assert "README" not in told
