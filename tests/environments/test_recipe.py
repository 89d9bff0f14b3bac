"""A recipe is what its digest says, wherever it was copied, or it is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import jsonio
from harness.cell import Backend
from harness.environments import recipe as recipes
from harness.environments.recipe import Recipe
from harness.errors import ConfigurationError, OutputError

TEXT = st.text(max_size=20)
RECIPES = st.builds(
    Recipe,
    builder=st.integers(0, 9),
    backend=st.sampled_from(Backend),
    python=TEXT,
    lock=TEXT,
    variables=st.dictionaries(TEXT, TEXT, max_size=3),
    torch_backend=TEXT,
    files=st.dictionaries(st.sampled_from(["environment.yml", "conda-linux-64.lock", "Dockerfile"]), TEXT),
)
ONE = Recipe(
    builder=1,
    backend=Backend.VENV,
    python="3.11",
    lock="tiny==1.0",
    variables={"A": "1"},
    torch_backend="cpu",
)


def test_the_digest_is_that_of_records_without_stored_recipes() -> None:
    parts = {
        "builder": 1,
        "backend": "venv",
        "python": "3.11",
        "lock": "tiny==1.0",
        "variables": {"A": "1"},
        "torch_backend": "cpu",
    }
    assert ONE.digest == jsonio.digest(parts)
    with_file = msgspec.structs.replace(ONE, files={"environment.yml": "name: x"})
    assert with_file.digest == jsonio.digest({**parts, "environment.yml": "name: x"})


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Recipe, Recipe]:
    """Two recipes that differ in a few fields or in none."""
    one, other = draw(RECIPES), draw(RECIPES)
    fields = draw(st.sets(st.sampled_from(Recipe.__struct_fields__), max_size=2))
    return one, msgspec.structs.replace(one, **{field: getattr(other, field) for field in fields})


@given(pairs())
def test_two_recipes_have_one_digest_only_if_they_are_equal(pair: tuple[Recipe, Recipe]) -> None:
    one, other = pair
    assert (one.digest == other.digest) == (one == other)


@pytest.mark.parametrize(
    "name", ["lock", "backend", "files", "requirements.lock", "health.py", "../x", "a/b", ".x", ""]
)
def test_a_file_cannot_stand_for_something_else(name: str) -> None:
    with pytest.raises(ValueError, match="field files"):
        msgspec.structs.replace(ONE, files={name: "text"})


def test_kept_once_and_read_again(tmp_path: Path) -> None:
    recipes.keep(tmp_path / "a", ONE)
    path = tmp_path / "a" / f"{ONE.digest}.json"
    before = path.stat()
    recipes.keep(tmp_path / "a", ONE)
    assert path.stat() == before
    other = msgspec.structs.replace(ONE, lock="tiny==2.0")
    recipes.keep(tmp_path / "b", ONE)
    recipes.keep(tmp_path / "b", other)
    shutil.copytree(tmp_path / "b", tmp_path / "a", dirs_exist_ok=True)
    assert list(recipes.digests(tmp_path / "a")) == sorted([ONE.digest, other.digest])
    assert recipes.read(tmp_path / "a", other.digest) == other
    assert recipes.read(tmp_path / "a", "0" * 64) is None
    assert recipes.read(tmp_path / "a", "../a/x") is None
    assert recipes.read(tmp_path / "nowhere", ONE.digest) is None
    assert list(recipes.digests(tmp_path / "nowhere")) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tiny==1.0", "tiny==6.6", "was changed after it was stored"),
        ('"builder": 1', '"builder": 2', "was changed after it was stored"),
        ('"A"', '"B"', "was changed after it was stored"),
        ('"cpu"', '"cu126"', "was changed after it was stored"),
        ('"files": {}', '"files": {"lock": "tiny==1.0"}', "field files"),
        ('"files": {}', '"files": {"Dockerfile": "RUN x"}', "was changed after it was stored"),
        ('"files": {}', '"more": {}', "more"),
        ('"schema": 1', '"schema": 9', "field schema: is 9, this harness reads 1"),
        ('"schema": 1\n}', '"schema": 1', "truncated"),
    ],
)
def test_a_changed_recipe_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    recipes.keep(tmp_path, ONE)
    path = tmp_path / f"{ONE.digest}.json"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigurationError, match=words) as caught:
        recipes.read(tmp_path, ONE.digest)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_recipe_under_the_name_of_another(tmp_path: Path) -> None:
    recipes.keep(tmp_path, ONE)
    (tmp_path / f"{ONE.digest}.json").rename(tmp_path / f"{'0' * 64}.json")
    with pytest.raises(ConfigurationError, match=f"has the digest {ONE.digest[:12]}"):
        recipes.read(tmp_path, "0" * 64)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        recipes.keep(tmp_path / "file", ONE)


def test_the_same_source(tmp_path: Path) -> None:
    conda = msgspec.structs.replace(ONE, backend=Backend.CONDA, files={"environment.yml": "x"})
    assert ONE.same_source(conda)
    assert not ONE.same_source(msgspec.structs.replace(ONE, lock="tiny==2.0"))


def test_stored_as_people_can_read_it(tmp_path: Path) -> None:
    recipes.keep(tmp_path, ONE)
    stored = json.loads((tmp_path / f"{ONE.digest}.json").read_text("utf-8"))
    assert stored == {
        "schema": 1,
        "recipe": {
            "builder": 1,
            "backend": "venv",
            "python": "3.11",
            "lock": "tiny==1.0",
            "variables": {"A": "1"},
            "torch_backend": "cpu",
            "files": {},
        },
    }
