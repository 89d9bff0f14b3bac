"""A comparison on the page of a run."""

from __future__ import annotations

import msgspec
import pytest

from harness.cell import ConsumerRef, Device
from harness.github.compared import text_of
from harness.ledger.between import Comparison, between
from harness.ledger.record import Record
from harness.ledger.sides import Side, What
from harness.verdict import Reason
from tests.ledger.records import PLAIN, record, unreadable

RED = Reason.VALUES_DIFFER


def of(version: str, name: str, reason: Reason | None = None) -> Record:
    return record(
        reason,
        key=f"{name} {version}",
        model=msgspec.structs.replace(PLAIN.model, id=name, source=name),
        consumer=ConsumerRef(name="tool", version=version),
        device=Device.CUDA if name == "gpu" else Device.CPU,
    )


def compared(base: list[Record], head: list[Record]) -> Comparison:
    return between(
        Side(what=What.TOOL, name="tool==1", records=tuple(base)),
        Side(what=What.TOOL, name="tool==2", records=tuple(head)),
    )


def test_what_became_of_each_cell() -> None:
    found = compared([of("1", "m"), of("1", "gpu", RED)], [of("2", "m", RED), of("2", "gpu")])
    assert text_of(found) == (
        "## ✗ `tool==1` → `tool==2`: 1 regressed, 1 fixed\n\n"
        "### Regressed: 1\n\n"
        "| model | weights | tool | environment | before | now | why |\n"
        "|---|---|---|---|---|---|---|\n"
        "| `m 1` | onnx | `tool 2` | `onnx` | ✓ passed | ✗ failed | values differ beyond tolerance |\n\n"
        "### Fixed: 1\n\n"
        "| model | weights | tool | environment | before | now | why |\n"
        "|---|---|---|---|---|---|---|\n"
        "| `gpu 1` | onnx | `tool 2` | `onnx` on cuda | ✗ failed | ✓ passed "
        "| before: values differ beyond tolerance |\n"
    )


def test_what_is_gone_or_could_not_be_read() -> None:
    faulty = unreadable(Reason.DESCRIPTION_INVALID)
    text = text_of(compared([of("1", "m"), faulty], []))
    assert "| `m 1` | onnx | `tool 1` | `onnx` | ✓ passed | – |  |" in text
    assert "| `zoo/m 1` | – | `bioimageio.core 0.11.0` | – | ✗ failed | – | before: " in text


@pytest.mark.parametrize(("reason", "symbol"), [(None, "✓"), (RED, "✗"), (Reason.NO_REPLY, "?")])
def test_the_first_sign(reason: Reason | None, symbol: str) -> None:
    assert text_of(compared([of("1", "m")], [of("2", "m", reason)])).startswith(f"## {symbol} ")


def test_nothing_to_compare_is_no_good_news() -> None:
    assert text_of(compared([], [])) == "## ? `tool==1` → `tool==2`: no cell to compare\n"


def test_names_of_models_are_no_markdown() -> None:
    text = text_of(compared([], [of("2", "@everyone | <img>")]))
    assert "| ` @everyone  `&#124;`  <img> 1 ` |" in text


def test_what_has_no_room_is_counted() -> None:
    found = compared([], [of("2", f"model-{number}") for number in range(50)])
    short = text_of(found, longest=3000)
    assert len(short.encode()) <= 3000
    assert "### New: 50" in short
    assert "And 20 more: `harness compare` lists them all." in short
    assert "And 50 more" in text_of(found, longest=400)
    assert text_of(found, longest=10) == ""
