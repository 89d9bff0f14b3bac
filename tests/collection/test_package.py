from __future__ import annotations

import errno
import os
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

from harness.collection import package
from harness.collection.model import Model
from harness.verdict import Reason
from tests.collection.packages import fault, good, read, write_model

UNPACK = "import sys; from pathlib import Path; from harness.collection import package; "
UNPACK += "print(package.unpack(Path(sys.argv[1]), shown='m.zip'))"


def _pack(folder: Path, archive: Path, *, prefix: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, prefix + path.relative_to(folder).as_posix())
    return archive


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "c").mkdir()
    return _pack(write_model(tmp_path / "model"), tmp_path / "c" / "m.zip")


def _unpacked(cache: Path) -> Path:
    (folder,) = (cache / "packages").iterdir()
    return folder


def test_a_package_is_a_model_and_unpacked_once(archive: Path, cache: Path) -> None:
    first = good(archive)
    assert first.ref.source == "m.zip"
    assert first.description_path.parent == _unpacked(cache)
    before = first.description_path.stat()
    assert good(archive.parent).ref == first.ref
    assert first.description_path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("extra", [None, "__MACOSX/._x", ".DS_Store"])
def test_a_package_may_hold_one_folder(extra: str | None, tmp_path: Path) -> None:
    archive = _pack(write_model(tmp_path / "model"), tmp_path / "m.zip", prefix="repository-main/")
    if extra:
        with zipfile.ZipFile(archive, "a") as packed:
            packed.writestr(extra, "x")
    good(archive)


def test_a_package_without_description(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as packed:
        packed.writestr("a/x", "x")
    assert fault(tmp_path / "m.zip").message == "m.zip: holds no description; add bioimageio.yaml or rdf.yaml"


def _entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([_entry("../x")], "entry '../x' is no path inside the package"),
        ([_entry("/x")], "entry '/x' is no path"),
        ([_entry("a\\..\\x")], "is no path inside"),
        ([_entry("C:x")], "is no path inside"),
        ([_entry("link", stat.S_IFLNK | 0o777)], "entry 'link' is no plain file"),
        ([_entry("pipe", stat.S_IFIFO)], "entry 'pipe' is no plain file"),
        ([_entry("a"), _entry("A")], "entry 'A' is there twice"),
        ([_entry("a"), _entry("./a")], "entry './a' is there twice"),
        ([_entry("a"), _entry("a/b")], "cannot be unpacked"),
        ([_entry("x" * 300)], "cannot be unpacked"),
    ],
)
def test_entries_that_are_refused(
    entries: list[zipfile.ZipInfo], words: str, archive: Path, cache: Path
) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "a") as packed:
        warnings.simplefilter("ignore")
        for entry in entries:
            packed.writestr(entry, "x")
    write_model(archive.parent / "good", id="good")
    whole, unsafe = read(archive.parent)
    assert isinstance(whole, Model)
    assert not isinstance(unsafe, Model)
    assert unsafe.reason is Reason.ARCHIVE_UNSAFE
    assert unsafe.message.startswith("m.zip: ")
    assert words in unsafe.message
    assert list((cache / "packages").iterdir()) == []


def test_limits(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_BYTES", 100)
    assert "at most 100" in fault(archive).message
    monkeypatch.setattr(package, "MAX_FILES", 2)
    assert "entries, at most 2" in fault(archive).message


def _patch_central(archive: Path, name: bytes, offset: int, value: bytes) -> None:
    data = bytearray(archive.read_bytes())
    start = data.rindex(name) - 46
    assert data[start : start + 4] == b"PK\x01\x02"
    data[start + offset : start + offset + len(value)] = value
    archive.write_bytes(data)


@pytest.mark.parametrize("size", [1, 2**31])
def test_a_header_that_lies_about_its_size(size: int, archive: Path) -> None:
    _patch_central(archive, b"weights.pt", 24, struct.pack("<I", size))
    assert fault(archive).reason is Reason.ARCHIVE_UNSAFE


def test_an_encrypted_entry(archive: Path) -> None:
    _patch_central(archive, b"weights.pt", 8, b"\x01\x00")
    assert "entry 'weights.pt' is encrypted" in fault(archive).message


@pytest.mark.parametrize("what", ["text", "truncated", "damaged", "method"])
def test_archives_that_cannot_be_read(what: str, archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    if what == "text":
        data = bytearray(b"not a zip")
    elif what == "truncated":
        data = data[: len(data) // 2]
    elif what == "damaged":
        start = data.index(b"rdf.yaml") + len("rdf.yaml")
        data[start : start + 20] = b"\xff" * 20
    archive.write_bytes(data)
    if what == "method":
        _patch_central(archive, b"weights.pt", 10, b"\x63\x00")
    unreadable = fault(archive)
    assert unreadable.reason is Reason.ARCHIVE_UNSAFE, unreadable.message
    assert "cannot be read" in unreadable.message or "is no readable zip archive" in unreadable.message


def test_an_unpacked_folder_that_was_changed_is_unpacked_again(archive: Path, cache: Path) -> None:
    ref = good(archive).ref
    folder = _unpacked(cache)
    (folder / "weights.pt").write_bytes(b"WEIGHTS")  # of the same size
    assert good(archive).ref == ref
    (folder / "README.md").unlink()
    assert good(archive).ref == ref
    (folder / "bioimageio.yaml").write_text("an intruder")
    assert good(archive).ref == ref
    (folder / "cover.png").unlink()
    (folder / "cover.png").symlink_to("/etc/passwd")
    assert good(archive).ref == ref
    assert _unpacked(cache) == folder


def test_two_processes_unpack_at_once(archive: Path, cache: Path) -> None:
    environment = dict(os.environ)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", UNPACK, str(archive)], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    folders = {process.communicate(timeout=60)[0].strip() for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert folders == {str(_unpacked(cache))}
    good(archive)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk(number: int, archive: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(package, "_copy", fails)
    unreadable = fault(archive)
    assert unreadable.reason is (Reason.DISK_FULL if number == errno.ENOSPC else Reason.INTERNAL_ERROR)
    assert os.strerror(number) in unreadable.message
    assert list((cache / "packages").iterdir()) == []
