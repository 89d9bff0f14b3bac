"""One record: what it must not hold, and that nothing of it is lost when it is stored."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from harness import jsonio
from harness.cell import Device, WeightsFormat
from harness.ledger.record import Agreement, CheckResult, Record
from harness.verdict import Check, CheckStatus
from tests.ledger.records import OUTPUT, record
from tests.ledger.strategies import RECORDS


@settings(max_examples=50)
@given(RECORDS)
def test_what_is_stored_reads_as_the_same(stored: Record) -> None:
    line = jsonio.dumps(stored)
    assert b"\n" not in line
    assert jsonio.loads(line, Record, origin="line") == stored
    assert jsonio.dumps(jsonio.loads(line, Record, origin="line")) == line


def test_a_record_of_an_older_harness_lacks_what_was_added_since() -> None:
    plain: dict[str, Any] = msgspec.to_builtins(record())
    for added in ("machine", "model_info", "agreement", "limits", "collection", "repeat"):
        del plain[added]
    assert jsonio.loads(jsonio.dumps(plain), Record, origin="line") == record()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["max_abs_diff", "max_rel_diff", "headroom"])
def test_an_output_stores_no_number_that_json_has_no_word_for(field: str, number: float) -> None:
    with pytest.raises(ValueError, match=f"output out: field {field}: JSON has no"):
        msgspec.structs.replace(OUTPUT, **{field: number})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_neither_does_an_agreement(number: float) -> None:
    with pytest.raises(ValueError, match="field max_abs_diff: JSON has no"):
        Agreement(weights_format=WeightsFormat.ONNX, device=Device.CPU, agrees=False, max_abs_diff=number)


def test_a_check_names_its_reason_by_a_known_slug() -> None:
    with pytest.raises(ValueError, match="unknown reason 'bored'"):
        CheckResult(name=Check.LOAD, status=CheckStatus.FAILED, reason="bored")


def test_a_check_is_found_by_its_name() -> None:
    loaded = CheckResult(name=Check.LOAD, status=CheckStatus.PASSED)
    assert record(checks=(loaded,)).check(Check.LOAD) is loaded
    assert record(checks=(loaded,)).check(Check.SCAN) is None
