"""Whose failure it is when another tool than the reference runtime fails."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.cell import ConsumerRef, Device, ModelRef, WeightsFormat
from harness.execute.whose import WHOSE
from harness.ledger.record import Record
from harness.ledger.whose import ReferenceRecords
from harness.verdict import Blame, Reason, Status
from tests.reports.factories import because, make_record

SPOTMAX = ConsumerRef(name="spotmax", version="1.3.3")


def in_tool(reason: Reason | None = Reason.VALUES_DIFFER, **changes: Any) -> Record:
    """A record of SpotMAX."""
    return make_record(consumer=SPOTMAX, **(because(reason) if reason else {}), **changes)


def test_what_works_in_the_reference_runtime_is_not_the_models_fault() -> None:
    record = WHOSE.blamed(in_tool(), make_record())
    assert record.blame is Blame.TOOL
    assert record.message.endswith("\nthe reference runtime gives the declared outputs with these weights")
    assert "SpotMAX" in record.hint
    assert "not at fault" in record.hint
    assert record.reason == Reason.VALUES_DIFFER.slug


@pytest.mark.parametrize("reason", [Reason.LOAD_FAILED, Reason.VARIANT_FAILS], ids=lambda reason: reason.slug)
def test_what_fails_in_both_is_the_authors(reason: Reason) -> None:
    mine = in_tool(reason)
    record = WHOSE.blamed(mine, make_record(**because(Reason.WRONG_SHAPE)))
    assert (record.blame, record.hint) == (reason.blame, mine.hint)
    assert record.message.endswith("\nthe reference runtime fails with these weights, too: wrong shape")


def test_what_the_reference_runtime_itself_cannot_do_says_nothing_of_the_model() -> None:
    assert WHOSE.blamed(in_tool(), make_record(**because(Reason.UNSUPPORTED_OPERATOR))).blame is Blame.TOOL
    record = WHOSE.blamed(in_tool(), make_record(**because(Reason.FORMAT_NOT_SUPPORTED)))
    assert record.blame is Blame.TOOL
    assert "does not open these weights" in record.message


def test_what_is_not_known_is_not_held_against_the_model() -> None:
    record = WHOSE.blamed(in_tool(), None)
    assert record.blame is Blame.TOOL
    assert "is not known here" in record.message


@pytest.mark.parametrize(
    "record",
    [
        in_tool(None),
        in_tool(Reason.UNDECLARED_DEPENDENCY),
        in_tool(Reason.DANGEROUS_CONTENT),
        in_tool(Reason.TOOL_UNUSABLE),
        make_record(**because(Reason.VALUES_DIFFER)),
    ],
    ids=["passed", "undeclared", "before it ran", "no verdict", "of the reference runtime"],
)
def test_all_else_stays_as_it_is(record: Record) -> None:
    assert not WHOSE.hangs_on_reference(record)
    assert WHOSE.blamed(record, make_record()) is record


def test_records_are_found_by_weights_and_device() -> None:
    known = ReferenceRecords(WHOSE.reference, [make_record()])
    cell = in_tool().cell
    assert known.of(cell) == make_record()
    others = (
        msgspec.structs.replace(cell, weights_format=WeightsFormat.ONNX),
        msgspec.structs.replace(cell, device=Device.CUDA),
        msgspec.structs.replace(cell, model=ModelRef(id=cell.model.id, sha256="cd" * 32)),
    )
    assert all(known.of(other) is None for other in others)


def test_what_works_in_one_environment_works() -> None:
    passed, failed = make_record(), make_record(**because(Reason.LOAD_FAILED))
    assert ReferenceRecords(WHOSE.reference, [passed, failed]).of(passed.cell) == passed
    assert ReferenceRecords(WHOSE.reference, [failed, passed]).of(passed.cell) == passed


def test_no_answer_and_other_tools_say_nothing() -> None:
    known = ReferenceRecords(WHOSE.reference, [make_record(**because(Reason.NO_REPLY)), in_tool(None)])
    assert known.of(make_record().cell) is None


KNOWN = [
    None,
    make_record(),
    make_record(**because(Reason.WRONG_SHAPE)),
    make_record(**because(Reason.UNSUPPORTED_OPERATOR)),
    make_record(**because(Reason.FORMAT_NOT_SUPPORTED)),
]
REASONS = [Reason.VALUES_DIFFER, Reason.VARIANT_FAILS, Reason.UNSUPPORTED_OPERATOR, Reason.NOT_DETERMINISTIC]


@pytest.mark.parametrize("then", KNOWN)
@pytest.mark.parametrize("now", KNOWN[1:])
@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.slug)
def test_what_becomes_known_later_gives_the_same_record_as_if_it_had_been_known(
    reason: Reason, now: Record, then: Record | None
) -> None:
    mine = in_tool(reason)
    if reason is Reason.NOT_DETERMINISTIC:  # as it is recorded where the policy requires determinism
        mine = msgspec.structs.replace(mine, status=Status.FAILED, blame=Blame.MODEL)
    again = WHOSE.blamed_again(WHOSE.blamed(mine, then), now)
    assert again == WHOSE.blamed(mine, now)
    assert WHOSE.blamed_again(again, now) == again


def test_what_was_known_stays_known() -> None:
    record = WHOSE.blamed(in_tool(), make_record())
    assert WHOSE.blamed_again(record, None) is record
    passed = in_tool(None)
    assert WHOSE.blamed_again(passed, make_record()) is passed
