"""What all weights of one model say together."""

from __future__ import annotations

import pytest

from harness.cell import Device, WeightsFormat
from harness.ledger.agreement import explain_agreement
from harness.ledger.record import Agreement, CheckResult, Record
from harness.verdict import Check, CheckStatus, Reason

from .records import record

TORCH, SCRIPT, ONNX = (
    WeightsFormat.PYTORCH_STATE_DICT,
    WeightsFormat.TORCHSCRIPT,
    WeightsFormat.ONNX,
)


def cell(
    weights: WeightsFormat,
    reproduces: bool,
    *,
    agrees: dict[WeightsFormat, bool] | None = None,
    device: Device = Device.CPU,
    against: Device = Device.CPU,
) -> Record:
    return record(
        None if reproduces else Reason.VALUES_DIFFER,
        weights_format=weights,
        device=device,
        checks=(
            CheckResult(
                name=Check.REPRODUCES, status=CheckStatus.PASSED if reproduces else CheckStatus.FAILED
            ),
        ),
        agreement=tuple(
            Agreement(weights_format=other, device=against, agrees=same, max_abs_diff=0.1)
            for other, same in (agrees or {}).items()
        ),
    )


@pytest.mark.parametrize(
    ("records", "sentence"),
    [
        ([], ""),
        ([cell(TORCH, True)], ""),
        ([cell(TORCH, False)], ""),
        ([cell(TORCH, True), cell(ONNX, True, agrees={TORCH: True})], ""),
        (
            [cell(TORCH, True), cell(SCRIPT, True), cell(ONNX, False, agrees={TORCH: False})],
            "Only these are off: onnx. These give the declared outputs: pytorch_state_dict and torchscript.",
        ),
        (
            [cell(TORCH, False), cell(ONNX, False, agrees={TORCH: True})],
            (
                "pytorch_state_dict and onnx give the same outputs, and these are not the declared ones: "
                "probably the declared test output is off."
            ),
        ),
        (
            [cell(TORCH, False), cell(ONNX, False, agrees={TORCH: False})],
            "pytorch_state_dict and onnx neither give the declared outputs nor agree with each other.",
        ),
        (
            [cell(TORCH, True), cell(ONNX, True, agrees={TORCH: False})],
            "onnx and pytorch_state_dict give the declared outputs within tolerance, yet not the same.",
        ),
        (
            [
                cell(ONNX, True),
                cell(ONNX, False, agrees={ONNX: False}, device=Device.CUDA, against=Device.CPU),
            ],
            "Only these are off: onnx on cuda. These give the declared outputs: onnx on cpu.",
        ),
    ],
)
def test_which_is_off(records: list[Record], sentence: str) -> None:
    assert explain_agreement(records) == sentence
    assert explain_agreement(reversed(records)) in (sentence, _swapped(sentence))


def _swapped(sentence: str) -> str:
    """The sentence with its names in the other order."""
    for left, right in ((TORCH.value, ONNX.value), (TORCH.value, SCRIPT.value)):
        both = f"{left} and {right}"
        if both in sentence:
            return sentence.replace(both, f"{right} and {left}")
    return sentence


def test_records_that_compared_nothing_say_nothing() -> None:
    unread = record(Reason.DESCRIPTION_INVALID, weights_format=None)
    crashed = record(Reason.CRASHED)
    assert explain_agreement([unread, crashed]) == ""
