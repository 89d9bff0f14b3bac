"""Whose failure it is when another tool than the reference runtime fails."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from harness.cell import ConsumerRef, Device, ModelRef, WeightsFormat
from harness.execute.whose import WHOSE, ReferenceRecords
from harness.ledger.record import Record
from harness.verdict import Blame, Reason
from tests.reports.factories import because, make_record

RUNS = threading.Event()  # a run that nobody stops
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


@pytest.mark.parametrize("reason", [Reason.VALUES_DIFFER, Reason.VARIANT_FAILS], ids=lambda r: r.slug)
def test_what_fails_in_both_is_the_authors(reason: Reason) -> None:
    mine = in_tool(reason)
    record = WHOSE.blamed(mine, make_record(**because(Reason.WRONG_SHAPE)))
    assert (record.blame, record.hint) == (reason.blame, mine.hint)
    assert record.message.endswith("\nthe reference runtime fails with these weights, too: wrong shape")


@pytest.mark.parametrize(
    ("mine", "its"),
    [
        (Reason.LOAD_FAILED, Reason.WRONG_SHAPE),
        (Reason.VALUES_DIFFER, Reason.VARIANT_FAILS),
        (Reason.VALUES_DIFFER, Reason.UNDECLARED_DEPENDENCY),
        (Reason.VALUES_DIFFER, Reason.DANGEROUS_CONTENT),
    ],
    ids=["later", "at another size", "it has not got a package", "before it ran"],
)
def test_what_the_reference_runtime_fails_at_says_nothing_of_something_else(
    mine: Reason, its: Reason
) -> None:
    record = WHOSE.blamed(in_tool(mine), make_record(**because(its)))
    assert record.blame is Blame.TOOL
    assert "\nthe reference runtime fails with these weights, too, but not at this: " in record.message
    assert WHOSE.blamed_again(record, make_record()).message.count("\n") == record.message.count("\n")


def test_only_code_of_a_model_imports_what_its_author_has_to_declare() -> None:
    whose = {WeightsFormat.PYTORCH_STATE_DICT: Blame.METADATA, WeightsFormat.ONNX: Blame.TOOL}
    for weights, blame in whose.items():
        record = in_tool(Reason.UNDECLARED_DEPENDENCY, weights_format=weights)
        assert WHOSE.blamed(record, make_record()).blame is blame


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
        in_tool(Reason.UNDECLARED_DEPENDENCY, weights_format=WeightsFormat.PYTORCH_STATE_DICT),
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
    known = ReferenceRecords([make_record()])
    cell = in_tool().cell
    assert known.of(cell, cancel=RUNS) == make_record()
    others = (
        msgspec.structs.replace(cell, weights_format=WeightsFormat.ONNX),
        msgspec.structs.replace(cell, device=Device.CUDA),
        msgspec.structs.replace(cell, model=ModelRef(id=cell.model.id, sha256="cd" * 32)),
    )
    assert all(known.of(other, cancel=RUNS) is None for other in others)


def test_what_works_in_one_environment_works() -> None:
    passed, failed = make_record(), make_record(**because(Reason.LOAD_FAILED))
    assert ReferenceRecords([passed, failed]).of(passed.cell, cancel=RUNS) == passed
    assert ReferenceRecords([failed, passed]).of(passed.cell, cancel=RUNS) == passed


def test_no_answer_and_other_tools_say_nothing() -> None:
    known = ReferenceRecords([make_record(**because(Reason.NO_REPLY)), in_tool(None)])
    assert known.of(make_record().cell, cancel=RUNS) is None


def test_the_answer_waits_for_a_cell_of_the_reference_runtime_that_runs() -> None:
    passed, failed = make_record(), make_record(key="other", **because(Reason.LOAD_FAILED))
    known = ReferenceRecords()
    for record in (failed, passed):
        known.begin(record.key, record.cell)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(known.of, in_tool().cell, cancel=RUNS)
        known.note(failed)  # another environment may still tell otherwise
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.3)
        known.note(passed)
        assert asked.result(timeout=10) == passed


def test_a_run_that_is_stopped_waits_for_nothing() -> None:
    known = ReferenceRecords()
    known.begin("key", make_record().cell)
    known.begin("of another tool", in_tool().cell)
    stopped = threading.Event()
    stopped.set()
    assert known.of(in_tool().cell, cancel=stopped) is None


def test_nothing_waits_for_what_has_not_begun_or_has_ended() -> None:
    known = ReferenceRecords()
    silent = make_record(**because(Reason.NO_REPLY))
    assert known.of(in_tool().cell, cancel=RUNS) is None
    known.begin(silent.key, silent.cell)
    known.note(silent)
    assert known.of(in_tool().cell, cancel=RUNS) is None
