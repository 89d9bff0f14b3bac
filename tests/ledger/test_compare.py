"""Two records of one cell side by side."""

from __future__ import annotations

import msgspec

from harness.ledger.compare import rows, same_verdict
from harness.ledger.record import CheckResult, HarnessRef, Machine
from harness.verdict import Blame, Check, CheckStatus, Reason

from .records import OUTPUT, record


def test_a_record_is_like_itself() -> None:
    one = record(outputs=(OUTPUT,), checks=(CheckResult(name=Check.LOAD, status=CheckStatus.PASSED),))
    assert same_verdict(one, one)
    assert not any(row.differs for row in rows(one, one))


def test_status_reason_and_blame_make_the_verdict() -> None:
    red = record(Reason.VALUES_DIFFER)
    assert not same_verdict(record(), red)
    assert not same_verdict(red, record(Reason.WRONG_SHAPE))
    assert not same_verdict(red, record(Reason.VALUES_DIFFER, blame=Blame.METADATA))
    assert same_verdict(red, record(Reason.VALUES_DIFFER, message="in other words"))


def test_what_differs_is_named_on_both_sides() -> None:
    before = record(
        outputs=(OUTPUT,),
        machine=Machine(processor="a", processors=2, memory_bytes=8 * 10**9, python="3.11.9"),
        harness=HarnessRef(version="1", commit="a" * 40),
        seconds=1.0,
    )
    after = record(
        Reason.UNEXPECTED_NAN,
        machine=Machine(processor="b", processors=2, memory_bytes=8 * 10**9, python="3.11.9"),
        harness=HarnessRef(version="1", commit="b" * 40),
        seconds=2.0,
    )
    told = {row.what: (row.recorded, row.now) for row in rows(before, after) if row.differs}
    assert told == {
        "verdict": ("passed", "failed"),
        "why": ("–", "NaN or infinity where none was expected"),
        "who can act": ("–", "the model"),
        "output out": ("1×8 float32, largest difference 0", "–"),
        "processor": ("a", "b"),
        "commit": ("a" * 12, "b" * 12),
    }


def test_an_output_without_a_finite_difference_is_counted() -> None:
    label_map = msgspec.structs.replace(OUTPUT, max_abs_diff=None, mismatched_ppm=12.5)
    told = {row.what: row.now for row in rows(record(), record(outputs=(label_map,)))}
    assert told["output out"] == "1×8 float32, 12.5 of a million elements differ"


def test_a_cell_that_did_not_run_has_no_environment() -> None:
    told = {row.what: (row.recorded, row.now) for row in rows(record(), record(environment=None))}
    assert told["environment"] == ("onnx by venv", "–")
    assert "environment" not in {row.what for row in rows(record(environment=None), record(environment=None))}
