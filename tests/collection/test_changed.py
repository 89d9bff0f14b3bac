"""A model knows whether its files are still those that were read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness.collection import file_digests
from harness.collection.cache import file_sha256
from tests.collection import packages
from tests.collection.conftest import Server
from tests.collection.packages import good, write_model


@pytest.mark.parametrize("name", ["rdf.yaml", "weights.pt", "in.npy", "out.npy", "cover.png", "README.md"])
@pytest.mark.parametrize("collection", [".", "m", "m/rdf.yaml", "m.zip"])
def test_a_file_that_was_edited_is_named(collection: str, name: str, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    if collection == "m.zip":
        shutil.make_archive(str(tmp_path / "m"), "zip", tmp_path / "m")
    model = good(tmp_path / collection)
    assert model.changed() == ""
    path = model.description_path.parent / name
    before = path.stat()
    data = path.read_bytes()
    path.write_bytes(data[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert model.changed() == f"{name} was changed after the model was read"
    path.write_bytes(data + b"#")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert model.changed() == f"{name} was changed after the model was read"
    path.unlink()
    assert model.changed() == f"{name} cannot be read any more (No such file or directory)"
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert model.changed() == ""


def test_files_in_folders_are_named_and_others_do_not_matter(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", covers=["sub/cover.png"])
    (folder / "sub").mkdir()
    (folder / "cover.png").rename(folder / "sub" / "cover.png")
    model = good(folder)
    (folder / "notes.txt").write_text("not named", "utf-8")
    assert model.changed() == ""
    (folder / "sub" / "cover.png").write_bytes(b"another one")
    assert model.changed() == "sub/cover.png was changed after the model was read"


def test_an_edit_while_a_file_is_read_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "m")

    def edited(path: Path) -> str:
        digest = file_sha256(path)
        if path.name == "weights.pt":
            path.write_bytes(b"edited meanwhile")
        return digest

    monkeypatch.setattr(file_digests, "file_sha256", edited)
    assert good(folder).changed() == "weights.pt was changed after the model was read"


def test_what_was_downloaded_may_be_downloaded_again(server: Server, tmp_path: Path) -> None:
    write_model(server.folder / "m", id="web")
    web = good(f"{server.url}/m/rdf.yaml")
    cover = f"{server.url}/m/cover.png"
    folder = write_model(tmp_path / "local", packages.content(covers=[cover]))
    local = good(folder)
    for path in (web.description_path, web.paths["weights.pt"], local.paths[cover]):
        os.utime(path, ns=(0, 0))  # as another run does, which puts an equal file in its place
    assert (web.changed(), local.changed()) == ("", "")
    (folder / "weights.pt").write_bytes(b"other")
    assert local.changed()
