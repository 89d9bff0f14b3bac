from __future__ import annotations

from harness.cell import WeightsFormat
from harness.reports.tally import Tally, newest_versions, tally_models, version_key
from harness.verdict import Reason

from .factories import BIAPY, CORE, CORE_OLD, because, make_model, make_record

_FAILED = because(Reason.VALUES_DIFFER)
_UNKNOWN = because(Reason.NO_REPLY)
_NOT_APPLICABLE = because(Reason.FORMAT_NOT_SUPPORTED)


def test_a_model_counts_once_and_passes_only_if_no_cell_failed() -> None:
    mixed, good = make_model("mixed"), make_model("good")
    records = [
        make_record(model=mixed),
        make_record(model=mixed, weights_format=WeightsFormat.ONNX, **_FAILED),
        make_record(model=good),
        make_record(model=good, weights_format=WeightsFormat.ONNX, **_NOT_APPLICABLE),
    ]
    assert tally_models(records) == Tally(passed=1, answered=2)


def test_no_verdict_is_no_answer() -> None:
    half, none, plain = make_model("half"), make_model("none"), make_model("plain")
    records = [
        make_record(model=half),
        make_record(model=half, weights_format=WeightsFormat.ONNX, **_UNKNOWN),
        make_record(model=none, **_UNKNOWN),
        make_record(model=plain, **_NOT_APPLICABLE),
    ]
    assert tally_models(records) == Tally(passed=1, answered=1, not_applicable=1)
    assert tally_models([]) == Tally()


def test_versions_are_ordered_as_people_expect() -> None:
    ordered = ["nightly", "0.9.6", "0.10.0.dev3", "0.10.0rc2", "0.10.0rc10", "0.10.0", "0.10.0.post1", "v1"]
    shuffled = [*ordered[4:], *ordered[:4]]
    assert sorted(shuffled, key=version_key) == ordered


def test_newest_versions_are_chosen_for_each_consumer() -> None:
    old, new, other = (make_record(consumer=consumer) for consumer in (CORE_OLD, CORE, BIAPY))
    assert newest_versions([old, new, other]) == [new, other]
