"""Surveys: what views show when files were changed back, or a model is gone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.errors import ConfigurationError
from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.survey import Survey, read_surveys, write_if_needed

from .records import at, record


def survey(minute: int, *records: Record, collection: str = "zoo") -> Survey:
    return Survey(
        collection=collection,
        at=at(minute),
        sources=tuple(r.model.source for r in records),
        keys=tuple(r.key for r in records),
    )


def changed(known: Record, minute: int) -> Record:
    """The record of the same cell after its files changed."""
    model = msgspec.structs.replace(known.model, sha256="changed")
    return msgspec.structs.replace(known, model=model, key="changed", started_at=at(minute))


@pytest.fixture
def known() -> Record:
    return msgspec.structs.replace(record(), collection="zoo")


def test_files_that_were_changed_back_are_shown_again(known: Record) -> None:
    later = changed(known, 1)
    assert current([known, later]) == [later]
    assert current([known, later], [survey(2, known)]) == [known]
    assert current([known, later], [survey(2, known), survey(3, later)]) == [later]


def test_a_model_that_is_gone_is_not_shown(known: Record) -> None:
    assert current([known], [survey(1)]) == []
    assert current([known], [survey(1, collection="another")]) == [known]
    assert current([known], [survey(1), survey(2, known)]) == [known]


def test_a_model_that_was_tested_after_the_survey_is_shown(known: Record) -> None:
    newer = msgspec.structs.replace(known, started_at=at(5))
    assert current([newer], [survey(1)]) == [newer]


def test_nothing_is_written_if_the_view_follows_already(known: Record, tmp_path: Path) -> None:
    write_if_needed(tmp_path, survey(1, known), [known], run="a")
    assert read_surveys(tmp_path) == []
    later = changed(known, 2)
    restored = survey(3, known)
    write_if_needed(tmp_path, restored, [known, later], run="b")
    assert read_surveys(tmp_path) == [restored]
    write_if_needed(tmp_path, survey(4, known), [known, later], run="c")
    assert read_surveys(tmp_path) == [restored]
    write_if_needed(tmp_path, survey(5), [known, later], run="d")
    assert len(read_surveys(tmp_path)) == 2


@pytest.mark.parametrize("changes", [{"schema": 2}, {"keys": 1}, {"at": None}])
def test_rubbish_is_refused_by_name(changes: dict[str, object], tmp_path: Path) -> None:
    text = msgspec.json.encode(msgspec.to_builtins(survey(1)) | changes)
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / "a.json").write_bytes(text)
    with pytest.raises(ConfigurationError, match=rf"a\.json.*{next(iter(changes))}"):
        read_surveys(tmp_path)
