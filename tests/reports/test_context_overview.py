from __future__ import annotations

import msgspec
import pytest

from harness import labels
from harness.cell import Device, WeightsFormat
from harness.ledger.record import HarnessRef, ModelInfo, Record
from harness.reports import context, words
from harness.reports.addresses import record_address
from harness.reports.context import Chip, Footer, Look, Moment, StatusCount
from harness.reports.context_overview import (
    AttentionGroup,
    Column,
    ConsumerHead,
    Link,
    Overview,
    Row,
    overview,
)
from harness.verdict import Blame, Check, Reason, Status

from .factories import CORE, CORE_OLD, GENERATED_AT, ONNX, because, finding, make_model, make_record

_PASSED = Look("passed", "✓", "passed")
_FAILED = Look("failed", "✗", "failed")
_UNKNOWN = Look("inconclusive", "?", "no verdict")
_NOT_APPLICABLE = Look("not-applicable", "–", "not applicable")


def _chip(record: Record, look: Look, text: str, title: str, *, findings: int = 0) -> Chip:
    return Chip(look=look, text=text, title=title, href=record_address(record), findings=findings)


def test_overview_of_one_model_in_two_versions() -> None:
    old = make_record(consumer=CORE_OLD, **because(Reason.DOWNLOAD_FAILED))
    new = make_record(checks=(finding(Check.AS_CALLED),))
    bad = make_record(weights_format=WeightsFormat.ONNX, environment=ONNX, **because(Reason.VALUES_DIFFER))
    assert overview([new, bad, old], generated_at=GENERATED_AT) == Overview(
        footer=Footer(Moment(GENERATED_AT, "2026-05-21 06:30 UTC"), ("0.1.0 (3f2a91c)",)),
        counts=(
            StatusCount(_PASSED, 1),
            StatusCount(_FAILED, 1),
            StatusCount(_UNKNOWN, 1),
            StatusCount(_NOT_APPLICABLE, 0),
        ),
        models=1,
        cells=3,
        attention=(
            _group(
                _FAILED,
                "values differ beyond tolerance",
                "the model",
                bad,
                "onnx in bioimageio.core 0.11.0 (onnxruntime-1.31)",
            ),
            _group(
                _UNKNOWN,
                "download failed",
                "the test infrastructure",
                old,
                "torchscript in bioimageio.core 0.9.6 (torch-2.13)",
            ),
        ),
        consumers=(
            ConsumerHead(
                name="bioimageio.core",
                href="consumers/bioimageio.core.html",
                columns=(
                    Column(version="0.9.6", depth="runtime", models="no verdict yet", passed_share=None),
                    Column(version="0.11.0", depth="runtime", models="0/1 models", passed_share=0.0),
                ),
            ),
        ),
        rows=(
            Row(
                name="Plain Model",
                id="zoo/plain-model",
                version="1.2",
                href="models/zoo__plain-model@1.2.html",
                attention=True,
                cells=(_old_chips(old), _new_chips(new, bad)),
            ),
        ),
    )


def _group(look: Look, reason: str, blame: str, record: Record, cell: str) -> AttentionGroup:
    link = Link(model="Plain Model", cell=cell, href=record_address(record))
    return AttentionGroup(look=look, reason=reason, blame=blame, count=1, links=(link,), more=())


def _old_chips(old: Record) -> tuple[Chip, ...]:
    title = "no verdict: download failed (bioimageio.core 0.9.6, torchscript, cpu, environment torch-2.13)"
    return (_chip(old, _UNKNOWN, "torchscript", title),)


def _new_chips(new: Record, bad: Record) -> tuple[Chip, ...]:
    where = "(bioimageio.core 0.11.0, onnx, cpu, environment onnxruntime-1.31)"
    passed = "passed (bioimageio.core 0.11.0, torchscript, cpu, environment torch-2.13)"
    return (
        _chip(bad, _FAILED, "onnx", f"failed: values differ beyond tolerance {where}"),
        _chip(new, _PASSED, "torchscript", passed, findings=1),
    )


def test_an_empty_ledger_gives_an_empty_overview() -> None:
    empty = overview([], generated_at=GENERATED_AT)
    assert (empty.models, empty.cells, empty.attention, empty.consumers, empty.rows) == (0, 0, (), (), ())
    assert [item.count for item in empty.counts] == [0, 0, 0, 0]


def test_a_column_without_a_record_has_no_chip() -> None:
    records = [make_record(model=make_model("b")), make_record(model=make_model("a"), consumer=CORE_OLD)]
    bare = [msgspec.structs.replace(record, model_info=ModelInfo()) for record in records]
    rows = overview(bare, generated_at=GENERATED_AT).rows
    assert [(row.name, [len(chips) for chips in row.cells]) for row in rows] == [("a", [1, 0]), ("b", [0, 1])]


def test_long_groups_are_folded() -> None:
    records = [make_record(model=make_model(f"m{n}"), **because(Reason.TIMED_OUT)) for n in range(9)]
    (group,) = overview(records, generated_at=GENERATED_AT).attention
    assert (group.count, len(group.links), len(group.more)) == (9, 6, 3)


def test_models_of_one_name_are_told_apart() -> None:
    ids = ("m1", "m2", "other")
    records = [make_record(model=make_model(name), **because(Reason.TIMED_OUT)) for name in ids]
    records[2] = msgspec.structs.replace(records[2], model_info=ModelInfo(name="Other"))
    (group,) = overview(records, generated_at=GENERATED_AT).attention
    assert [link.model for link in group.links] == ["Other", "Plain Model (m1)", "Plain Model (m2)"]


def test_cells_of_one_reason_are_grouped_by_who_can_act() -> None:
    tool = make_record(model=make_model("m1"), **because(Reason.CRASHED, blame=Blame.TOOL))
    records = [make_record(**because(Reason.CRASHED)), tool]
    groups = overview(records, generated_at=GENERATED_AT).attention
    assert [group.blame for group in groups] == ["the model", "the tool"]


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ([{}, {"device": Device.CUDA}], ["torchscript", "torchscript · cuda"]),
        ([{}, {"environment": ONNX}], ["torchscript · torch-2.13", "torchscript · onnxruntime-1.31"]),
        ([{"weights_format": None, "environment": None}], ["description"]),
    ],
)
def test_cells_are_told_apart_by_as_little_as_possible(
    changes: list[dict[str, object]], texts: list[str]
) -> None:
    assert context.distinguished([make_record(**change) for change in changes]) == texts


def test_environments_of_one_name_are_told_apart_by_their_digest() -> None:
    locks = [msgspec.structs.replace(ONNX, digest=letter * 64) for letter in "ab"]
    texts = context.distinguished([make_record(environment=lock) for lock in locks])
    assert texts[0] == "torchscript · onnxruntime-1.31 · conda · aaaaaaa"
    assert len(set(texts)) == 2


def test_only_a_passed_verdict_has_findings() -> None:
    checks = tuple(map(finding, (Check.SCAN, Check.AS_CALLED, Check.VARIANTS, Check.DETERMINISM)))
    found = context.failed_findings(make_record(checks=checks))
    assert found == (Check.SCAN, Check.AS_CALLED, Check.DETERMINISM)
    assert context.failed_findings(make_record(checks=checks, **because(Reason.VARIANT_FAILS))) == ()


def test_all_harnesses_are_named_newest_first() -> None:
    makers = [HarnessRef(version="0.9.0"), HarnessRef(version="0.10.0", commit="a" * 40)]
    footer = context.footer([make_record(harness=maker) for maker in makers], GENERATED_AT)
    assert footer.harness == ("0.10.0 (aaaaaaa)", "0.9.0")


def test_every_word_is_there() -> None:
    assert set(words.FORMAT) == set(WeightsFormat)
    assert set(words.FINDING) == set(context.FINDINGS)
    assert set(context.ATTENTION_FIRST) == set(context.COUNTED) == set(Status) == set(labels.STATUS)
    assert CORE.name in context.consumer_text(make_record())


def test_what_a_tool_does_not_open_is_one_chip() -> None:
    formats = (WeightsFormat.ONNX, WeightsFormat.TORCHSCRIPT, WeightsFormat.KERAS_V3)
    closed = [
        make_record(weights_format=weights, **because(Reason.FORMAT_NOT_SUPPORTED)) for weights in formats
    ]
    ((chip,),) = overview(closed, generated_at=GENERATED_AT).rows[0].cells
    assert (chip.look.name, chip.text) == ("not-applicable", "every format")
    opened = make_record(weights_format=WeightsFormat.PYTORCH_STATE_DICT)
    (chips,) = overview([opened, *closed], generated_at=GENERATED_AT).rows[0].cells
    assert [chip.text for chip in chips] == ["state dict", "other formats"]
    (chips,) = overview([opened, closed[0]], generated_at=GENERATED_AT).rows[0].cells
    assert [chip.text for chip in chips] == ["state dict", "onnx"]
