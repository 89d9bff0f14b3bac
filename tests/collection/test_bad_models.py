"""Models and collections that are not what they must be: one clear sentence each, the others go on."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.collection import described, description_yaml, file_digests
from harness.collection.cache import file_sha256
from harness.collection.description import Parsed, parse_description
from harness.collection.model import Model, Unreadable
from harness.errors import CollectionError
from harness.verdict import Reason
from tests.collection import packages
from tests.collection.packages import fault, good, read, write_model

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

BROKEN_YAML = {
    "syntax": (b"id: [\n", "is not valid YAML: line 2, column 1"),
    "not-utf8": ("name: Zürich".encode("latin-1"), "is not UTF-8 (byte 7)"),
    "bomb": (BOMB.encode(), "through its aliases"),
    "recursive": (b"a: &a [*a]", "an alias names a value that contains it"),
    "duplicate-key": (b"id: a\nname: b\nid: c", "line 3: the key 'id' is there twice"),
    "deep": (b"a: " + b"[" * 5000, "nested too deeply"),
    "huge": (b"#" * (description_yaml.MAX_BYTES + 1), "2,000,001 bytes"),
    "many-values": (b"a: [" + b"1," * 60_000 + b"]", "more than 50,000 values"),
    "list": (b"- a", "holds no mapping"),
    "empty": (b"", "holds no mapping"),
    "two-documents": (b"a: 1\n---\nb: 2", "is not valid YAML"),
    "python-object": (b"a: !!python/object/apply:os.system [true]", "is not valid YAML"),
    "set": (b"a: !!set {b}", "is not valid YAML"),
    "bad-bool": (b"a: !!bool maybe", "is not valid YAML"),
    "bad-date": (b"a: 2021-13-45", "is not valid YAML"),
    "key-is-list": (b"? [a]\n: b", "a key is a list or a mapping"),
    "half-character": (rb'a: "\ud83e"', "half a character"),
    "control-character": (b"a: \x01", "is not valid YAML"),
}


@pytest.mark.parametrize("name", BROKEN_YAML)
def test_broken_yaml_is_one_fault_with_file_and_cause(name: str, tmp_path: Path) -> None:
    data, words = BROKEN_YAML[name]
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "rdf.yaml").write_bytes(data)
    write_model(tmp_path / "good", id="good")
    broken, whole = read(tmp_path)
    assert isinstance(broken, Unreadable)
    assert broken.reason is Reason.DESCRIPTION_INVALID
    assert broken.message.startswith("rdf.yaml: ")
    assert words in broken.message
    assert broken.ref.id == "broken"
    assert isinstance(whole, Model)


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "rdf.yaml").write_text(BOMB)
    started = time.perf_counter()
    fault(tmp_path)
    assert time.perf_counter() - started < 1


INVALID: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "no-version": ({"format_version": None}, Reason.DESCRIPTION_INVALID, "field format_version: is missing"),
    "float-version": ({"format_version": 0.5}, Reason.DESCRIPTION_INVALID, "field format_version: 0.5 is no"),
    "old": ({"format_version": "0.3.2"}, Reason.FORMAT_VERSION_UNSUPPORTED, "use 0.4 or 0.5"),
    "new": ({"format_version": "0.6.0"}, Reason.FORMAT_VERSION_UNSUPPORTED, "0.6.0 is not supported"),
    "dataset": ({"type": "dataset"}, Reason.DESCRIPTION_INVALID, "field type: is 'dataset'"),
    "id-number": ({"id": 12}, Reason.DESCRIPTION_INVALID, "field id: 12 is no text"),
    "no-weights": ({"weights": {}}, Reason.DESCRIPTION_INVALID, "field weights: Missing weights entry"),
    "no-name": ({"name": None}, Reason.DESCRIPTION_INVALID, "field name: "),
    "inputs": ({"inputs": [1]}, Reason.DESCRIPTION_INVALID, "field inputs[0]: "),
    "license": ({"license": "mine"}, Reason.DESCRIPTION_INVALID, "field license: "),
    "kwargs": (
        {"config": {"bioimageio": {"test_kwargs": "x"}}},
        Reason.DESCRIPTION_INVALID,
        "field config.bioimageio.test_kwargs: is no mapping",
    ),
    "tolerance": (
        {"config": {"bioimageio": {"test_kwargs": {"onnx": {"absolute_tolerance": "x"}}}}},
        Reason.DESCRIPTION_INVALID,
        "field config.bioimageio.test_kwargs.onnx.absolute_tolerance: 'x' is no number",
    ),
    "infinite": (
        {"config": {"bioimageio": {"test_kwargs": {"onnx": {"relative_tolerance": float("inf")}}}}},
        Reason.DESCRIPTION_INVALID,
        "inf is no number",
    ),
    "cover-missing": ({"covers": ["x.png"]}, Reason.FILE_MISSING, "field covers[0]: 'x.png' is not in"),
    "cover-outside": (
        {"covers": ["../x.png"]},
        Reason.SOURCE_OUTSIDE_PACKAGE,
        "field covers[0]: '../x.png' is no path inside the package",
    ),
    "windows": ({"covers": ["C:\\x.png"]}, Reason.SOURCE_OUTSIDE_PACKAGE, "field covers[0]: "),
    "backslash": ({"covers": ["a\\x.png"]}, Reason.SOURCE_OUTSIDE_PACKAGE, "field covers[0]: "),
    "other-scheme": ({"covers": ["ftp://x/x.png"]}, Reason.SOURCE_OUTSIDE_PACKAGE, "field covers[0]: "),
    "name-too-long": ({"covers": ["x" * 300 + ".png"]}, Reason.FILE_MISSING, "field covers[0]: "),
}


@pytest.mark.parametrize("name", INVALID)
def test_wrong_fields_are_named(name: str, tmp_path: Path) -> None:
    changes, reason, words = INVALID[name]
    described = packages.content(**changes)
    write_model(tmp_path / "m")
    text = json.dumps(described).replace("Infinity", ".inf")
    (tmp_path / "m" / "rdf.yaml").write_text(text)
    unreadable = fault(tmp_path)
    assert unreadable.reason is reason, unreadable.message
    assert words in unreadable.message


def test_an_absolute_source_is_refused_even_if_the_file_exists(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    write_model(tmp_path / "c" / "m", covers=[str(tmp_path / "secret.png")])
    assert fault(tmp_path / "c").reason in (Reason.SOURCE_OUTSIDE_PACKAGE, Reason.DESCRIPTION_INVALID)


def test_fields_in_messages_are_those_of_the_description(tmp_path: Path) -> None:
    described = packages.content()
    del described["inputs"][0]["axes"][1]["size"]
    described["weights"]["torchscript"].pop("pytorch_version")
    unreadable = fault(write_model(tmp_path / "m", described))
    assert "field inputs[0].axes[1].size: Field required" in unreadable.message
    assert "field weights.torchscript.pytorch_version: Field required" in unreadable.message


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_model_without_test_tensor_says_which(side: str, tmp_path: Path) -> None:
    described = packages.content()
    del described[side][0]["test_tensor"]
    unreadable = fault(write_model(tmp_path / "m", described))
    assert unreadable.reason is Reason.TEST_TENSOR_INVALID
    assert f"field {side}[0].test_tensor: is missing" in unreadable.message


def test_a_missing_tensor_file(tmp_path: Path) -> None:
    (write_model(tmp_path / "m") / "in.npy").unlink()
    unreadable = fault(tmp_path)
    assert unreadable.reason is Reason.FILE_MISSING
    assert unreadable.message == "field inputs[0].test_tensor: 'in.npy' is not in the package"


def test_a_tensor_that_does_not_fit_its_axes_in_the_words_of_the_library(tmp_path: Path) -> None:
    np.save(write_model(tmp_path / "m") / "in.npy", np.ones((1, 7), "float32"))
    unreadable = fault(tmp_path)
    assert unreadable.reason is Reason.TEST_TENSOR_INVALID
    assert "inputs[raw].axes[x]: test_tensor has size 7 is not parameterized" in unreadable.message


def test_a_wrong_sha256_names_both(tmp_path: Path) -> None:
    described = packages.content()
    described["weights"]["torchscript"]["sha256"] = "0" * 64
    unreadable = fault(write_model(tmp_path / "m", described))
    assert unreadable.reason is Reason.SHA256_MISMATCH
    for words in ("weights.torchscript.source", "weights.pt", "0" * 64, packages.sha256(b"weights")):
        assert words in unreadable.message


def test_an_upper_case_sha256_is_one(tmp_path: Path) -> None:
    described = packages.content()
    described["weights"]["torchscript"]["sha256"] = packages.sha256(b"weights").upper()
    good(write_model(tmp_path / "m", described))


def test_a_folder_without_description_is_a_fault_not_silence(tmp_path: Path) -> None:
    (tmp_path / "c" / "m").mkdir(parents=True)
    unreadable = fault(tmp_path / "c")
    assert unreadable.reason is Reason.FILE_MISSING
    assert unreadable.message == "m: holds no description; add bioimageio.yaml or rdf.yaml"


@pytest.mark.parametrize("link", ["rdf.yaml", "weights.pt", "sub"])
def test_links_below_a_model_are_refused(link: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "c" / "m", covers=["sub/cover.png"])
    (folder / "sub").mkdir()
    (folder / "cover.png").rename(folder / "sub" / "cover.png")
    good(tmp_path / "c")
    (folder / link).rename(tmp_path / link)
    (folder / link).symlink_to(tmp_path / link)
    for collection in (tmp_path / "c", folder):
        unreadable = fault(collection)
        assert unreadable.reason is Reason.SOURCE_OUTSIDE_PACKAGE
        assert "symbolic link" in unreadable.message


def test_a_linked_model_is_refused_unless_the_user_names_it(tmp_path: Path) -> None:
    write_model(tmp_path / "elsewhere" / "m")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "link").symlink_to(tmp_path / "elsewhere" / "m")
    assert fault(tmp_path / "c").reason is Reason.SOURCE_OUTSIDE_PACKAGE
    good(tmp_path / "c" / "link")
    (tmp_path / "all").symlink_to(tmp_path / "elsewhere")
    good(tmp_path / "all")


def test_two_models_with_one_id_are_both_refused_and_others_are_not(tmp_path: Path) -> None:
    for name, id_ in (("a", "same"), ("b", "same"), ("c", "other")):
        write_model(tmp_path / name, id=id_)
    (tmp_path / "g" / "same").mkdir(parents=True)
    (tmp_path / "g" / "same" / "rdf.yaml").write_text("[")
    first, second, other, broken = read(tmp_path)
    for unreadable, twin in ((first, "b"), (second, "a")):
        assert isinstance(unreadable, Unreadable)
        assert unreadable.reason is Reason.DESCRIPTION_INVALID
        assert f"field id: 'same' is also the id of {twin};" in unreadable.message
    assert isinstance(other, Model)
    assert isinstance(broken, Unreadable)
    assert "is not valid YAML" in broken.message


def test_versions_of_one_model_are_no_twins(tmp_path: Path) -> None:
    for version in ("1", "2"):
        write_model(tmp_path / version, version=version)
    assert [m.ref.version for m in read(tmp_path) if isinstance(m, Model)] == ["1", "2"]


def test_a_bug_while_reading_one_model_is_its_own_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "a", id="a")
    write_model(tmp_path / "b", id="b")
    real = parse_description

    def buggy(content: dict[str, Any], *, shown: str) -> Parsed:
        if content["id"] == "a":
            raise ZeroDivisionError("oops")
        return real(content, shown=shown)

    monkeypatch.setattr(described, "parse_description", buggy)
    first, second = read(tmp_path)
    assert isinstance(first, Unreadable)
    assert (first.reason, first.message) == (
        Reason.INTERNAL_ERROR,
        "a: cannot be read (ZeroDivisionError: oops)",
    )
    assert isinstance(second, Model)


@pytest.mark.parametrize("bad", ["a\nb", "x" * 500, "\u202e", ""])
def test_an_id_that_nobody_can_print_is_not_taken_over(bad: str, tmp_path: Path) -> None:
    assert fault(write_model(tmp_path / "m", id=bad, name=None)).ref.id == "m"


def test_names_that_are_not_utf8_can_be_recorded(tmp_path: Path) -> None:
    folder = Path(str(tmp_path) + "/m\udce4")
    folder.mkdir()
    assert fault(tmp_path).ref.source == "m\ufffd"


def test_collections_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="nowhere: does not exist"):
        read(tmp_path / "nowhere")
    with pytest.raises(CollectionError, match="holds no model"):
        read(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".git").mkdir()
    with pytest.raises(CollectionError, match="holds no model; a model is a folder with"):
        read(tmp_path)
    with pytest.raises(CollectionError, match=r"is no folder, \.yaml description"):
        read(tmp_path / "notes.txt")
    with pytest.raises(CollectionError, match=r"does not exist|is no path or URL"):
        read("\0")


def test_what_a_collection_may_be(tmp_path: Path) -> None:
    write_model(tmp_path / "c" / "group" / "owner" / "m")
    assert good(tmp_path / "c").ref.source == "group/owner/m"
    assert good(tmp_path / "c" / "group" / "owner" / "m").ref.source == "m"
    assert good(tmp_path / "c" / "group" / "owner" / "m" / "rdf.yaml").ref.source == "m"
    (tmp_path / "c" / "group" / "owner" / "forgotten").mkdir()
    assert [m.ref.source for m in read(tmp_path / "c")] == ["group/owner/forgotten", "group/owner/m"]


def test_the_digest_covers_description_and_files(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    before = good(folder).ref
    (folder / "weights.pt").write_bytes(b"other")
    after = good(folder).ref
    assert before.sha256 != after.sha256
    (folder / "unnamed.txt").write_text("x")
    assert good(folder).ref == after


def test_folders_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user who is not root: that folder alone is at fault, unless it is the collection."""
    write_model(tmp_path / "good", id="good")
    (tmp_path / "locked").mkdir()
    real = os.scandir

    def locked(path: Path) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(str(path))

    monkeypatch.setattr(os, "scandir", locked)
    name = "locked"
    assert [type(found) for found in read(tmp_path)] == [Model, Unreadable]
    name = tmp_path.name
    with pytest.raises(CollectionError, match=r"cannot be read \(Permission denied\)"):
        read(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "m")

    def refuse(path: Path) -> str:
        if path.name == "cover.png":
            raise PermissionError(errno.EACCES, "Permission denied")
        return file_sha256(path)

    monkeypatch.setattr(file_digests, "file_sha256", refuse)
    assert fault(folder).message == "field covers[0]: 'cover.png' cannot be read (Permission denied)"
