"""How a red cell is run on one's own machine, and which cells are told together."""

from __future__ import annotations

import shlex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import AS_DESCRIBED, Cell, Device
from harness.cli import parser_for
from harness.github.groups import command, groups
from harness.verdict import Reason
from tests.github.outcomes import INVALID, NUCLEI, ONNX_DIFFERS, PASSED, outcome
from tests.reports.factories import BIAPY, TORCH, because, make_model, make_record


def cell_at(source: str) -> Cell:
    """A cell of a model there."""
    return msgspec.structs.replace(
        PASSED.cell, model=msgspec.structs.replace(PASSED.cell.model, source=source)
    )


@pytest.mark.parametrize(
    ("cell", "collection", "expected"),
    [
        (PASSED.cell, ".", "harness run nuclei-unet2d --weights torchscript --consumer bioimageio.core"),
        (INVALID.cell, "collection", "harness run collection/spots-heatmap2d"),
        (
            msgspec.structs.replace(PASSED.cell, device=Device.CUDA),
            "a/../b/",
            "harness run b/nuclei-unet2d --weights torchscript --consumer bioimageio.core --device cuda",
        ),
        (
            msgspec.structs.replace(
                PASSED.cell, environment=msgspec.structs.replace(TORCH, name=f"{AS_DESCRIBED}-12ab")
            ),
            ".",
            "harness run nuclei-unet2d --weights torchscript --consumer bioimageio.core --as-described",
        ),
        (
            cell_at("--output=x"),
            ".",
            "harness run ./--output=x --weights torchscript --consumer bioimageio.core",
        ),
        (
            cell_at("a\u202eb"),
            ".",
            "harness run path/to/model --weights torchscript --consumer bioimageio.core",
        ),
        (
            cell_at("a" * 300),
            ".",
            "harness run path/to/model --weights torchscript --consumer bioimageio.core",
        ),
    ],
)
def test_the_command(cell: Cell, collection: str, expected: str) -> None:
    assert command(cell, collection) == expected


@given(st.text(min_size=1), st.sampled_from([".", "collection"]))
def test_the_command_is_one_that_harness_takes(source: str, collection: str) -> None:
    words = shlex.split(command(cell_at(source), collection))[1:]
    parsed = parser_for(words).parse_args(words)
    assert (parsed.command, parsed.consumer, parsed.weights) == ("run", ["bioimageio.core"], ["torchscript"])


def test_cells_are_told_together_by_reason_tool_and_blame() -> None:
    other_tool = make_record(model=NUCLEI, consumer=BIAPY, **because(Reason.VALUES_DIFFER))
    other_model = msgspec.structs.replace(ONNX_DIFFERS, key="other", model=make_model("other"))
    other_reason = make_record(model=make_model("more"), **because(Reason.CRASHED))
    made = outcome([other_reason, other_tool, ONNX_DIFFERS, other_model])
    found = groups(made.decision.cells, made.records, regressed=frozenset({other_reason.key}))
    assert [(group.title, group.models, group.before) for group in found] == [
        ("**Crashed** in `bioimageio.core 0.11.0`", "`more` (torchscript)", "; passed before"),
        (
            "**Values differ beyond tolerance** in `bioimageio.core 0.11.0`",
            "`nuclei-unet2d` (onnx), `other` (onnx)",
            "",
        ),
        ("**Values differ beyond tolerance** in `biapy 3.7.1`", "`nuclei-unet2d` (torchscript)", ""),
    ]
    assert [len(group.told) for group in found] == [1, 1, 1]  # the same message is told once


def test_of_some_that_passed_before_it_says_how_many() -> None:
    other = msgspec.structs.replace(ONNX_DIFFERS, key="other", model=make_model("other"), message="else")
    made = outcome([ONNX_DIFFERS, other])
    (group,) = groups(made.decision.cells, made.records, regressed=frozenset({"other"}))
    assert group.before == "; 1 of them passed before"
    assert group.example.key == "other"  # what got worse is what one wants to look at
    assert [told.message for told in group.told] == ["else", ONNX_DIFFERS.message]
