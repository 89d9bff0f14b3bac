"""The pure part of what a change touches; with real repositories: test_difference.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.collection.changes import (
    ChangedFile,
    Models,
    models_among,
    parse_difference,
    places_of,
    reach,
)
from harness.collection.index import Found

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
FILES = st.one_of(
    st.builds(ChangedFile, status=st.sampled_from("ADMT"), path=NAMES),
    st.builds(ChangedFile, status=st.just("R"), path=NAMES, previous=NAMES),
)


@given(st.lists(FILES))
def test_a_difference_reads_back_whatever_the_names(files: list[ChangedFile]) -> None:
    fields: list[str] = []
    for file in files:
        fields += (
            [f"{file.status}100", file.previous, file.path] if file.previous else [file.status, file.path]
        )
    assert parse_difference("".join(f"{field}\0" for field in fields).encode()) == tuple(files)


def test_a_copy_does_not_touch_what_was_copied() -> None:
    assert parse_difference(b"C75\0a/x\0b/x\0") == (ChangedFile(status="C", path="b/x"),)


def test_a_difference_that_was_cut_short() -> None:
    with pytest.raises(ValueError, match="within an entry of status R100"):
        parse_difference(b"M\0a\0R100\0b\0")


def test_models_among_paths_are_those_that_are_found() -> None:
    paths = [
        "zoo/a/rdf.yaml",
        "zoo/a/inner/rdf.yaml",
        "zoo/b/c/model.yaml",
        "zoo/b/c/extra.zip",
        "zoo/d.ZIP",
        "zoo/.hidden/rdf.yaml",
        "zoo/__MACOSX/rdf.yaml",
        "zoo/1/2/3/rdf.yaml",
        "zoo/1/2/3x/4/rdf.yaml",
        "zoological/rdf.yaml",
        "elsewhere/rdf.yaml",
    ]
    assert models_among(paths, "zoo") == {"a", "b/c", "d.ZIP", "1/2/3"}
    assert "zoo/a" in models_among(paths, "")


def test_a_model_of_an_index_is_the_folder_of_its_description(tmp_path: Path) -> None:
    found = [
        Found(source="m/rdf.yaml", path=tmp_path / "m" / "rdf.yaml"),
        Found(source="m/model.yaml", path=tmp_path / "m" / "model.yaml"),
        Found(source="p.zip", path=tmp_path / "p.zip"),
        Found(source="https://zoo.example/rdf.yaml", url="https://zoo.example/rdf.yaml"),
        Found(source="else/rdf.yaml", path=Path("/else/rdf.yaml")),
    ]
    assert places_of(found, tmp_path) == {"m": ("m/rdf.yaml", "m/model.yaml"), "p.zip": ("p.zip",)}


def test_ten_thousand_models_are_held_against_as_many_files() -> None:
    places = {f"collection/m{number}": (f"m{number}",) for number in range(10_000)}
    files = [ChangedFile(status="M", path=f"collection/m{number}/rdf.yaml") for number in range(10_000)]
    assert len(reach(files, Models(places=places)).models) == 10_000
