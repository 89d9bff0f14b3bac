from __future__ import annotations

import msgspec
import pytest

from harness.cell import Cell
from harness.policy.match import Match
from tests.policy.cells import CELL, UNREADABLE


@pytest.mark.parametrize(
    ("globs", "words"),
    [
        ({}, "every cell"),
        ({"model": "zoo/*"}, "model zoo/*"),
        ({"model": "nuclei"}, "model nuclei"),  # the source
        ({"consumer": "bio*", "weights": "onnx"}, "weights onnx, consumer bio*"),
        ({"device": "c?u"}, "device c?u"),
        ({"environment": "on*"}, "environment on*"),
    ],
)
def test_globs_that_match(globs: dict[str, str], words: str) -> None:
    match = Match(**globs)
    assert match.matches(CELL)
    assert match.cells == words


@pytest.mark.parametrize(
    "globs",
    [
        {"model": "nuc*", "device": "cuda"},
        {"model": "zoo"},
        {"model": "Nuclei"},
        {"consumer": "core"},
        {"weights": "keras_*"},
        {"environment": "pytorch"},
    ],
)
def test_one_glob_that_does_not_match_is_enough(globs: dict[str, str]) -> None:
    assert not Match(**globs).matches(CELL)


@pytest.mark.parametrize(
    ("globs", "matched"),
    [({}, True), ({"weights": "*"}, True), ({"weights": "?*"}, False), ({"environment": "?*"}, False)],
)
def test_what_a_cell_does_not_have_only_an_asterisk_matches(globs: dict[str, str], matched: bool) -> None:
    assert Match(**globs).matches(UNREADABLE) is matched


@pytest.mark.parametrize(
    ("glob", "is_about_names"),
    [("*", False), ("drafts/*", False), ("*/*", False), ("affable-shark", True), ("nuclei-*", True)],
)
def test_what_is_about_names(glob: str, is_about_names: bool) -> None:
    assert Match(model=glob).is_about_names is is_about_names


def test_every_part_of_a_cell_can_be_matched() -> None:
    assert set(Match.__struct_fields__) - {"weights"} == set(Cell.__struct_fields__) - {"weights_format"}


@pytest.mark.parametrize(
    ("globs", "message"),
    [
        ({"model": ""}, "model: is empty"),
        ({"consumer": ""}, "consumer: is empty"),
        ({"environment": ""}, "environment: is empty"),
        ({"weights": "tensorflow-*"}, "weights: 'tensorflow-\\*' matches none; known: .*onnx"),
        ({"device": "gpu"}, "device: 'gpu' matches none; known: cpu, cuda"),
    ],
)
def test_a_glob_that_can_match_nothing_is_refused(globs: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Match(**globs)
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(globs, Match)
