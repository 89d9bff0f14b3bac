"""What differs between two environments, and nothing only if they are one."""

from __future__ import annotations

import msgspec
from hypothesis import given

from harness.cell import Backend
from harness.environments.difference import changes, in_short
from harness.environments.recipe import Recipe

from .test_recipe import ONE, pairs


def _told(before: Recipe, after: Recipe) -> list[tuple[str, str, str | None, str | None]]:
    return [(change.kind, change.what, change.before, change.after) for change in changes(before, after)]


def test_packages_python_and_variables() -> None:
    before = msgspec.structs.replace(ONE, lock="Going_away==1\nother==1\ntiny==1.0 \\\n    --hash=sha256:00")
    after = msgspec.structs.replace(
        ONE, lock="other==2\nnew==3\ntiny==1.0", python="3.12", variables={"B": "2"}, torch_backend=""
    )
    assert _told(before, after) == [
        ("changed", "python", "3.11", "3.12"),
        ("removed", "build of torch", "cpu", None),
        ("removed", "variable A", "1", None),
        ("added", "variable B", None, "2"),
        ("removed", "going-away", "1", None),
        ("added", "new", None, "3"),
        ("changed", "other", "1", "2"),
    ]
    assert in_short(changes(before, after)) == "2 added, 3 removed, 2 changed"


def test_what_makes_it() -> None:
    after = msgspec.structs.replace(
        ONE, builder=2, backend=Backend.CONDA, files={"environment.yml": "a", "conda-linux-64.lock": "b"}
    )
    assert _told(ONE, after) == [
        ("changed", "back-end", "venv", "conda"),
        ("changed", "builder", "1", "2"),
        ("added", "file conda-linux-64.lock", None, "there"),
        ("added", "file environment.yml", None, "there"),
    ]
    edited = msgspec.structs.replace(after, files={"environment.yml": "c"})
    assert _told(after, edited) == [
        ("removed", "file conda-linux-64.lock", "there", None),
        ("changed", "file environment.yml", "one text", "another text"),
    ]


def test_other_files_of_the_same_versions() -> None:
    after = msgspec.structs.replace(ONE, lock="tiny==1.0 --hash=sha256:00")
    assert _told(ONE, after) == [("changed", "lock", "these files", "other files of the same versions")]


@given(pairs())
def test_nothing_differs_only_if_the_digests_are_the_same(pair: tuple[Recipe, Recipe]) -> None:
    one, other = pair
    assert (changes(one, other) == []) == (one.digest == other.digest)
    assert in_short(changes(one, one)) == "no difference"
    assert [change.what for change in changes(one, other)] == [change.what for change in changes(other, one)]
