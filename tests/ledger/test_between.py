"""Two sides of a comparison, cell by cell."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import Backend, ConsumerRef, EnvironmentRef
from harness.errors import UsageError
from harness.ledger.between import Comparison, between, in_short, sections, why
from harness.ledger.difference import Kind
from harness.ledger.record import Record
from harness.ledger.sides import Side, What
from harness.verdict import Reason
from tests.ledger.records import PLAIN, record

RED, OTHER_RED, SILENT = Reason.VALUES_DIFFER, Reason.CRASHED, Reason.NO_REPLY


def ran(
    model: str,
    reason: Reason | None = None,
    *,
    tool: str = "1",
    environment: str = "tool",
    name: str = "tool",
) -> Record:
    """A record of a model in a version of a tool."""
    return record(
        reason,
        key=f"{model} {tool} {environment} {reason}",
        model=msgspec.structs.replace(PLAIN.model, id=model, source=model),
        consumer=ConsumerRef(name="tool", version=tool),
        environment=EnvironmentRef(name=environment, backend=Backend.VENV, digest=environment),
    )


def of(what: What, name: str, *records: Record) -> Side:
    return Side(what=what, name=name, records=records)


def kinds(found: Comparison) -> dict[str, Kind]:
    return {each.cell.model.id: each.kind for each in found.cells}


def test_two_versions_of_a_tool() -> None:
    before = [ran("good"), ran("worse"), ran("better", RED), ran("bad", RED), ran("gone")]
    after = [
        ran("good", tool="2"),
        ran("worse", RED, tool="2"),
        ran("better", tool="2"),
        ran("bad", OTHER_RED, tool="2"),
        ran("new", tool="2"),
        ran("silent", SILENT, tool="2"),
    ]
    found = between(of(What.TOOL, "tool==1", *before), of(What.TOOL, "tool==2", *after))
    assert kinds(found) == {
        "good": Kind.SAME_GREEN,
        "worse": Kind.REGRESSED,
        "better": Kind.FIXED,
        "bad": Kind.SAME_RED,
        "new": Kind.NEW,
        "silent": Kind.NO_VERDICT,
        "gone": Kind.GONE,
    }
    assert {each.cell.consumer.version for each in found.cells if each.now} == {"2"}
    assert [title for title, _ in sections(found)] == [
        "regressed", "red for another reason", "no verdict", "fixed", "new", "gone",
    ]  # fmt: skip
    assert in_short(found) == ("1 regressed, 1 fixed, 1 new, 1 same red, 1 same green, 1 no verdict, 1 gone")


@pytest.mark.parametrize(("base", "head"), [("1", "2"), ("2", "1")])
def test_of_a_tool_in_several_environments_the_same_ones_are_compared(base: str, head: str) -> None:
    def column(version: str, *red: str) -> Side:
        names = ("e-1.9", "e-1.10")
        each = [ran("m", RED if name in red else None, tool=version, environment=name) for name in names]
        return of(What.TOOL, f"tool=={version}", *each)

    found = between(column(base, "e-1.9"), column(head, "e-1.9"))
    assert found.counts == {Kind.SAME_RED: 1, Kind.SAME_GREEN: 1}


def test_two_versions_of_a_tool_each_in_an_environment_of_its_own() -> None:
    old, new = ran("m", tool="1", environment="tool-1"), ran("m", RED, tool="2", environment="tool-2")
    (cell,) = between(of(What.TOOL, "tool==1", old), of(What.TOOL, "tool==2", new)).cells
    assert (cell.kind, cell.before, cell.now, cell.cell) == (Kind.REGRESSED, old, new, new.cell)
    assert why(cell) == "values differ beyond tolerance"
    (back,) = between(of(What.TOOL, "tool==2", new), of(What.TOOL, "tool==1", old)).cells
    assert (back.kind, why(back)) == (Kind.FIXED, "before: values differ beyond tolerance")


def test_two_environments_whatever_they_are_called() -> None:
    old, new = ran("m", environment="onnx"), ran("m", RED, environment="pytorch", tool="2")
    found = between(of(What.ENVIRONMENT, "onnx", old), of(What.ENVIRONMENT, "pytorch", new))
    assert kinds(found) == {"m": Kind.REGRESSED}
    assert found.cells[0].cell == new.cell


def test_two_ledgers() -> None:
    base = of(What.LEDGER, "published", ran("m", environment="tool-1"), ran("n", environment="tool-1"))
    head = of(What.LEDGER, "reports", ran("m", RED, tool="2", environment="tool-2"))
    assert kinds(between(base, head)) == {"m": Kind.REGRESSED, "n": Kind.GONE}
    assert kinds(between(base, head, part=True)) == {"m": Kind.REGRESSED}


def test_nothing_to_hold_against() -> None:
    found = between(of(What.TOOL, "tool==1"), of(What.TOOL, "tool==2", ran("m", tool="2")))
    assert found.counts == {Kind.NEW: 1}
    assert in_short(between(of(What.RUN, "a"), of(What.RUN, "b"))) == "no cell to compare"


@pytest.mark.parametrize(
    ("base", "head", "words"),
    [
        (
            What.TOOL,
            What.ENVIRONMENT,
            "a==1 is a tool and b==1 is an environment: name two ",
        ),
        (What.RUN, What.TOOL, "a==1 is a run and b==1 is a tool: name"),
        (What.TOOL, What.LEDGER, "a==1 is a tool and b==1 is a ledger: name"),
        (What.TOOL, What.TOOL, "a==1 and b==1: are different tools; name two versions of one"),
    ],
)
def test_what_cannot_be_compared(base: What, head: What, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        between(of(base, "a==1"), of(head, "b==1"))


def test_a_run_and_a_ledger_can_be() -> None:
    assert between(of(What.RUN, "a", ran("m")), of(What.LEDGER, "b", ran("m"))).counts == {Kind.SAME_GREEN: 1}


REASONS = st.sampled_from([None, RED, OTHER_RED, SILENT, Reason.MODEL_NOT_SUPPORTED])
COLUMNS = st.dictionaries(st.sampled_from("abcdef"), REASONS)


@given(COLUMNS, COLUMNS)
def test_every_cell_of_both_sides_is_told_once(
    before: dict[str, Reason | None], after: dict[str, Reason | None]
) -> None:
    base = of(What.TOOL, "tool==1", *(ran(model, reason) for model, reason in before.items()))
    head = of(What.TOOL, "tool==2", *(ran(model, reason, tool="2") for model, reason in after.items()))
    found = between(base, head)
    assert sorted(each.cell.model.id for each in found.cells) == sorted({*before, *after})
    assert {each.cell.model.id for each in found.having(Kind.GONE)} == set(before) - set(after)
    assert sum(found.counts.values()) == len(found.cells)
    assert not set(found.counts) & {Kind.REGRESSED, Kind.FIXED, Kind.NEW} or before != after
