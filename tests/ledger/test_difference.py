"""What became of planned cells since the published ledger."""

from __future__ import annotations

from itertools import product
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cell import AS_DESCRIBED, Backend, Cell, ConsumerRef, EnvironmentRef, WeightsFormat
from harness.ledger.difference import CellDifference, Kind, differences
from harness.ledger.record import Record
from harness.verdict import Reason, Status
from tests.ledger.records import PLAIN, at, record, unreadable

RED, SILENT, APART = Reason.VALUES_DIFFER, Reason.NO_REPLY, Reason.MODEL_NOT_SUPPORTED


def one(before: Record | None, now: Record | None) -> CellDifference:
    """What became of the one cell that ``now`` is about."""
    asked = now or record(key="new")
    (found,) = differences(
        {asked.key: asked.cell}, [now] if now else [], [before] if before else [], whole=[PLAIN.model.source]
    )
    return found


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        (None, RED, Kind.REGRESSED),
        (RED, None, Kind.FIXED),
        (RED, Reason.CRASHED, Kind.SAME_RED),
        (None, None, Kind.SAME_GREEN),
        (APART, APART, Kind.SAME_GREEN),
        (APART, None, Kind.NEW),
        (APART, RED, Kind.NEW),
        (SILENT, RED, Kind.NEW),
        (SILENT, None, Kind.NEW),
        (None, APART, Kind.NOT_APPLICABLE_ANY_MORE),
        (RED, APART, Kind.NOT_APPLICABLE_ANY_MORE),
        (None, SILENT, Kind.NO_VERDICT),
        (RED, SILENT, Kind.NO_VERDICT),
    ],
)
def test_kinds(before: Reason | None, now: Reason | None, kind: Kind) -> None:
    was, becomes = record(before, key="old"), record(now, key="new")
    found = one(was, becomes)
    assert found == CellDifference(kind=kind, key="new", cell=becomes.cell, before=was, now=becomes)


def test_every_pair_of_verdicts_has_a_kind() -> None:
    reasons = (None, RED, SILENT, APART)
    found = {one(record(before, key="old"), record(now)).kind for before, now in product(reasons, reasons)}
    assert found == set(Kind) - {Kind.GONE}


def test_what_was_never_published_is_new() -> None:
    assert one(None, record()).kind is Kind.NEW
    assert one(None, record(RED)).kind is Kind.NEW
    assert one(None, record(APART)).kind is Kind.SAME_GREEN


def test_without_a_record_there_is_no_verdict() -> None:
    found = one(record(), None)
    assert (found.kind, found.now) == (Kind.NO_VERDICT, None)


def test_another_reason_is_told() -> None:
    assert one(record(RED, key="old"), record(Reason.CRASHED)).other_reason
    assert not one(record(RED, key="old"), record(RED)).other_reason
    assert not one(record(key="old"), record(RED)).other_reason


def test_the_newest_conclusive_record_counts() -> None:
    records = [
        record(RED, started_at=at(1)),
        record(started_at=at(2)),
        record(SILENT, started_at=at(3)),
        record(RED, key="unplanned"),
    ]
    (found,) = differences({PLAIN.key: PLAIN.cell}, records, [])
    assert found.now == records[1]


def environment(name: str) -> EnvironmentRef:
    """One made by venv."""
    return EnvironmentRef(name=name, backend=Backend.VENV, digest=name)


def versioned(consumer: str, name: str, version: str = "1") -> Record:
    """A record of a version of tool, environment and model."""
    return record(
        key=f"{consumer} {name} {version}",
        consumer=ConsumerRef(name=PLAIN.consumer.name, version=consumer),
        environment=environment(name),
        model=msgspec.structs.replace(PLAIN.model, version=version),
    )


@pytest.mark.parametrize(
    ("asked", "published", "expected"),
    [
        (("0.12", "onnx-1.9"), [("0.11", "onnx-1.9")], 0),
        (("0.11", "onnx-1.10"), [("0.11", "onnx-1.8"), ("0.11", "onnx-1.9"), ("0.11", "onnx-1.11")], 1),
        (("0.11", "onnx-1.7"), [("0.11", "onnx-1.9"), ("0.11", "onnx-1.8")], 1),
        (("0.11", "onnx", "2"), [("0.11", "onnx", "1"), ("0.11", "onnx", "1.5")], 1),
        (("0.11", "onnx-cuda"), [("0.11", "onnx")], None),
        (("0.11", f"{AS_DESCRIBED}-12"), [("0.12", f"{AS_DESCRIBED}-34"), ("0.11", "onnx")], 0),
        (("0.11", "onnx-1.9"), [("0.11", "onnx-1.8"), ("0.11", "onnx-1.9")], 1),
    ],
)
def test_a_cell_is_held_against_what_is_most_alike(
    asked: tuple[str, ...], published: list[tuple[str, ...]], expected: int | None
) -> None:
    known = [msgspec.structs.replace(versioned(*each), key=str(each)) for each in published]
    cell = versioned(*asked).cell
    (found,) = differences({"new": cell}, [], known)
    assert found.before == (None if expected is None else known[expected])


def test_the_same_key_is_the_same_cell_wherever_the_model_is() -> None:
    moved = msgspec.structs.replace(PLAIN.model, id="other", source="elsewhere")
    assert one(record(model=moved), record(RED)).kind is Kind.REGRESSED


def test_a_model_that_cannot_be_read_any_more_has_regressed() -> None:
    onnx, torch = record(RED, key="a"), record(key="b", weights_format=WeightsFormat.TORCHSCRIPT)
    now = unreadable(Reason.DESCRIPTION_INVALID)
    (found,) = differences({now.key: now.cell}, [now], [onnx, torch], whole=[PLAIN.model.source])
    assert (found.kind, found.before) == (Kind.REGRESSED, torch)
    (found,) = differences({now.key: now.cell}, [now], [onnx], whole=[PLAIN.model.source])
    assert (found.kind, found.before) == (Kind.SAME_RED, onnx)


def test_a_model_that_can_be_read_again_is_fixed() -> None:
    was = unreadable(Reason.DESCRIPTION_INVALID)
    assert one(was, record()).kind is Kind.FIXED
    assert one(was, record(RED)).kind is Kind.SAME_RED


def test_only_of_whole_models_something_is_gone() -> None:
    other = msgspec.structs.replace(PLAIN.model, id="zoo/n", source="n")
    known = [
        record(key="onnx"),
        record(key="torch", weights_format=WeightsFormat.TORCHSCRIPT),
        record(key="n", model=other),
    ]
    planned = {"new": PLAIN.cell}
    found = differences(planned, [record(key="new")], known, whole=["m"])
    assert [(each.kind, each.key) for each in found] == [(Kind.SAME_GREEN, "new"), (Kind.GONE, "torch")]
    assert (found[1].cell, found[1].before, found[1].now) == (known[1].cell, known[1], None)
    assert {each.kind for each in differences(planned, [], known)} == {Kind.NO_VERDICT}
    deleted = differences({}, [], known, whole=["n"])
    assert [(each.kind, each.key) for each in deleted] == [(Kind.GONE, "n")]


REASONS = st.sampled_from([None, RED, SILENT, APART])
MODELS = st.sampled_from(["m", "n", "o"])


@given(
    st.dictionaries(MODELS, st.tuples(REASONS, st.booleans())),
    st.dictionaries(MODELS, REASONS),
    st.sets(MODELS),
    st.randoms(use_true_random=False),
)
def test_every_planned_cell_is_told_once_in_whatever_order(
    now: dict[str, tuple[Reason | None, bool]],
    before: dict[str, Reason | None],
    whole: set[str],
    random: Random,
) -> None:
    def about(name: str, reason: Reason | None, key: str) -> Record:
        return record(reason, key=key, model=msgspec.structs.replace(PLAIN.model, id=name, source=name))

    records = [about(name, reason, f"now {name}") for name, (reason, _) in now.items()]
    planned: dict[str, Cell] = {each.key: each.cell for each in records}
    kept = [each for each in records if now[each.model.id][1]]
    known = [about(name, reason, f"before {name}") for name, reason in before.items()]
    found = differences(planned, kept, known, whole=whole)
    random.shuffle(known)
    random.shuffle(kept)
    assert differences(planned, kept, known, whole=whole) == found
    asked = [each for each in found if each.kind is not Kind.GONE]
    assert [each.key for each in asked] == list(planned)
    assert {each.cell.model.id for each in found if each.kind is Kind.GONE} == (whole & set(before)) - set(
        now
    )
    for each in asked:
        if each.kind in (Kind.REGRESSED, Kind.SAME_RED):
            assert each.now is not None
            assert each.now.status is Status.FAILED
