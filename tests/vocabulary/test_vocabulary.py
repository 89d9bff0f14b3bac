"""The closed vocabulary: every word has its label, no combination is allowed that means nothing."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import jsonio, labels
from harness.cell import (
    Backend,
    Cell,
    ConsumerRef,
    Device,
    EnvironmentRef,
    ModelRef,
    WeightsFormat,
    cell_key,
)
from harness.errors import ConfigurationError, OutputError
from harness.verdict import PASSED, Blame, Check, CheckStatus, Reason, Stage, Status, Verdict


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.slug)
def test_every_reason_has_its_words_and_its_verdict(reason: Reason) -> None:
    text = labels.REASON[reason]
    assert text.label
    assert text.hint.endswith(".")
    assert reason.slug == reason.name.lower().replace("_", "-")
    assert Reason.from_slug(reason.slug) is reason
    verdict = Verdict.because(reason, "why")
    assert (verdict.status, verdict.blame) == (reason.status, reason.blame)
    assert not (reason.spurious and reason.stage in (Stage.VALIDATE, Stage.COMPARE))


def test_slugs_and_labels_are_unique() -> None:
    assert len({reason.slug for reason in Reason}) == len(Reason)
    assert len({text.label for text in labels.REASON.values()}) == len(Reason)


def test_every_word_of_the_vocabulary_has_its_look() -> None:
    assert set(labels.REASON) == set(Reason)
    assert set(labels.STATUS) == set(Status)
    assert set(labels.CHECK_STATUS) == set(CheckStatus)
    assert set(labels.BLAME) == set(Blame)
    assert set(labels.STAGE) == set(Stage)
    assert set(labels.CHECK) == set(Check)
    assert len({look.icon for look in labels.STATUS.values()}) == len(Status)


def test_an_unknown_slug() -> None:
    with pytest.raises(ValueError, match="unknown reason 'bored'"):
        Reason.from_slug("bored")


@pytest.mark.parametrize("status", Status)
def test_a_verdict_has_reason_and_blame_exactly_if_it_is_not_passed(status: Status) -> None:
    for reason, blame in itertools.product([None, Reason.EXCEPTION], [None, *Blame]):
        passed = status is Status.PASSED
        complete = (reason is None) is passed and (blame is None) is passed
        forbidden = (status, blame) in {
            (Status.FAILED, Blame.INFRASTRUCTURE),
            (Status.INCONCLUSIVE, Blame.MODEL),
        }
        if complete and not forbidden:
            Verdict(status=status, reason=reason, blame=blame)
        else:
            with pytest.raises(ValueError, match=r"verdict with reason|never carries"):
                Verdict(status=status, reason=reason, blame=blame)


def test_only_inconclusive_answers_nothing() -> None:
    assert [status for status in Status if not status.conclusive] == [Status.INCONCLUSIVE]
    assert PASSED.status is Status.PASSED


NAMES = st.text(max_size=5)
CELLS = st.builds(
    Cell,
    model=st.builds(ModelRef, id=NAMES, version=NAMES, sha256=NAMES, source=NAMES),
    weights_format=st.none() | st.sampled_from(WeightsFormat),
    consumer=st.builds(ConsumerRef, name=NAMES, version=NAMES),
    environment=st.none()
    | st.builds(EnvironmentRef, name=NAMES, backend=st.sampled_from(Backend), digest=NAMES),
    device=st.sampled_from(Device),
)
SETTINGS = st.dictionaries(NAMES, NAMES, max_size=2)


def _decisive(cell: Cell, settings: dict[str, str]) -> Any:
    model = msgspec.structs.replace(cell.model, source="")
    return msgspec.structs.replace(cell, model=model), settings


@settings(deadline=None)
@given(CELLS, CELLS, SETTINGS, SETTINGS)
def test_keys_are_equal_exactly_if_all_that_decides_is(
    one: Cell, other: Cell, settings: dict[str, str], others: dict[str, str]
) -> None:
    same = _decisive(one, settings) == _decisive(other, others)
    assert (cell_key(one, settings=settings) == cell_key(other, settings=others)) is same


@settings(deadline=None)
@given(CELLS, SETTINGS, NAMES)
def test_any_change_of_what_decides_changes_the_key_and_the_source_does_not(
    cell: Cell, settings: dict[str, str], source: str
) -> None:
    key = cell_key(cell, settings=settings)
    assert len(key) == 64
    assert cell_key(cell, settings=dict(reversed(settings.items()))) == key
    moved = msgspec.structs.replace(cell.model, source=source)
    assert cell_key(msgspec.structs.replace(cell, model=moved), settings=settings) == key
    for field in ("id", "version", "sha256"):
        changed = msgspec.structs.replace(cell.model, **{field: getattr(cell.model, field) + "x"})
        assert cell_key(msgspec.structs.replace(cell, model=changed), settings=settings) != key
    for field in ("name", "version"):
        tool = msgspec.structs.replace(cell.consumer, **{field: getattr(cell.consumer, field) + "x"})
        assert cell_key(msgspec.structs.replace(cell, consumer=tool), settings=settings) != key
    assert cell_key(cell, settings={**settings, "more than five": ""}) != key


def test_json_is_sorted_and_has_no_nan(tmp_path: Path) -> None:
    assert jsonio.dumps({"b": 1, "a": [None]}) == b'{"a":[null],"b":1}'
    jsonio.write(tmp_path / "new" / "a.json", {"b": 1, "a": None})
    assert (tmp_path / "new" / "a.json").read_text() == '{\n  "a": null,\n  "b": 1\n}\n'
    assert jsonio.read(tmp_path / "new" / "a.json", dict[str, Any]) == {"a": None, "b": 1}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]
    for number in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="JSON has no"):
            jsonio.digest({"a": [{"b": number}]})


@pytest.mark.parametrize("data", [b"\xff", b"{", b"[" * 100_000, b'"a"', b'{"a": "\xff"}'])
def test_json_that_is_none_names_its_origin(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(ConfigurationError, match=r"a\.json: "):
        jsonio.read(tmp_path / "a.json", dict[str, int])


def test_json_that_is_not_there_or_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"a\.json: cannot be read \(No such file"):
        jsonio.read(tmp_path / "a.json", dict[str, int])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"a\.json: cannot be written .* choose another --output"):
        jsonio.write(tmp_path / "file" / "a.json", {})
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutputError):
        jsonio.write(tmp_path / "a.json", {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "file"]
