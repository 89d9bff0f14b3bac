"""Which versions of Python a declaration leaves open."""

from __future__ import annotations

import pytest

from harness.environments.declared.declaration import Notes, RefusedError
from harness.environments.declared.pythons import KNOWN, fitting, nearest


@pytest.mark.parametrize(
    ("constraint", "fits"),
    [
        ("", ()),
        ("=3.10", ("3.10",)),
        (" 3.10", ("3.10",)),
        ("=3.10.*", ("3.10",)),
        ("==3.10.*", ("3.10",)),
        ("==3.10", ("3.10",)),
        ("=3.*", KNOWN),
        ("=3", KNOWN),
        (">=3.9,<3.11", ("3.9", "3.10")),
        (" >=3.9, <3.11", ("3.9", "3.10")),
        ("~=3.12", ("3.12", "3.13", "3.14")),
        (">=3.10.5,<3.11", ("3.10",)),
        ("<=3.9", ("3.8", "3.9")),
        ("=3.9|=3.11", ("3.9", "3.11")),
        ("<3.9|>=3.14", ("3.8", "3.14")),
        ("!=3.9.*,<3.11", ("3.8", "3.10")),
    ],
)
def test_minor_versions(constraint: str, fits: tuple[str, ...]) -> None:
    notes = Notes()
    assert fitting(constraint, notes) == fits
    assert notes.words() == ()


@pytest.mark.parametrize(
    "constraint", ["=3.10.4", "==3.10.4", " 3.10.4", "==3.10.4=h12debd9_1", " 3.10.4 *_cp"]
)
def test_any_release_of_a_minor_version_will_do(constraint: str) -> None:
    notes = Notes()
    assert fitting(constraint, notes) == ("3.10",)
    assert any("any release of 3.10" in note for note in notes.words())


@pytest.mark.parametrize(
    ("constraint", "malformed"),
    [
        ("=2.7", False),
        ("<3", False),
        ("=3.7", False),
        (">>3", True),
        ("=three", True),
        ("=" + "9" * 5000, True),
        ("a|" * 40, True),
    ],
)
def test_what_is_refused(constraint: str, malformed: bool) -> None:
    with pytest.raises(RefusedError) as refused:
        fitting(constraint, Notes())
    assert refused.value.malformed is malformed


def test_what_is_near_is_tried_first() -> None:
    assert nearest((), "3.11") == ("3.11", "3.10", "3.12", "3.9", "3.13", "3.8", "3.14")
    assert nearest(("3.8", "3.12"), "3.11") == ("3.12", "3.8")
