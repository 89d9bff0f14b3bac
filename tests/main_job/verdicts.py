"""What runs in environments of different back-ends have to agree on."""

from __future__ import annotations

from collections.abc import Iterable

from harness.cell import WeightsFormat
from harness.ledger.record import Record
from harness.verdict import Check

FORMATS = (WeightsFormat.ONNX, WeightsFormat.PYTORCH_STATE_DICT, WeightsFormat.TORCHSCRIPT)
OPTIONS = tuple(option for weights in FORMATS for option in ("--weights", weights.value))


def answers(records: Iterable[Record]) -> dict[object, object]:
    """What each cell of ``FORMATS`` says of its model, whatever made its environment.

    Whether weights formats agree is left out: it depends on which others have run before.
    """
    return {
        (record.model.id, record.weights_format): (
            record.status,
            record.reason,
            [(check.name, check.status) for check in record.checks if check.name is not Check.AGREEMENT],
            [(output.name, output.shape, output.dtype) for output in record.outputs],
        )
        for record in records
        if record.weights_format in FORMATS
    }
