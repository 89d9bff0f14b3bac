"""Archives of artifacts, as strangers may make them."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import OutputError, RefusedError
from harness.github.unpack import UnpackLimits, unpack

Entry = tuple[str | zipfile.ZipInfo, bytes]
SMALL = UnpackLimits(zip_bytes=2**16, entries=5, total_bytes=3000, file_bytes=2000, ratio=10, depth=3)


def make(
    path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """An archive with these entries."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def info(name: str, *, mode: int = 0) -> zipfile.ZipInfo:
    """An entry with a kind of file."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


def refused(archive: Path, limits: UnpackLimits = SMALL) -> str:
    """The sentence with which it is refused; nothing of it is left anywhere."""
    place = archive.parent / "place"
    place.mkdir(exist_ok=True)
    with pytest.raises(RefusedError) as caught:
        unpack(archive, place / "folder", limits)
    assert list(place.iterdir()) == []
    sentence = str(caught.value)
    assert sentence.startswith(f"{archive.name}: ")
    assert sentence.isprintable()
    assert len(sentence) <= 300
    return sentence


def test_what_is_plain_is_unpacked(tmp_path: Path) -> None:
    archive = make(
        tmp_path / "shard.zip",
        ("ledger/", b""),
        ("ledger/20260101T000000-abc123.jsonl", b"{}\n"),
        (info("artifacts/logs/0a.txt", mode=stat.S_IFREG | 0o4777), b"log" * 500),
    )
    paths = unpack(archive, tmp_path / "new" / "folder", SMALL)
    assert paths == ("artifacts/logs/0a.txt", "ledger/20260101T000000-abc123.jsonl")
    folder = tmp_path / "new" / "folder"
    assert (folder / paths[0]).read_bytes() == b"log" * 500
    assert (folder / paths[1]).read_bytes() == b"{}\n"
    assert not (folder / paths[0]).stat().st_mode & (stat.S_ISUID | 0o111)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["folder"]


def test_an_archive_without_entries_makes_an_empty_folder(tmp_path: Path) -> None:
    assert unpack(make(tmp_path / "a.zip"), tmp_path / "folder") == ()
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "ledger/../../evil",
        "/etc/evil",
        "C:/evil",
        "ledger\\evil",
        "ledger//evil",
        "./evil",
        "evil.",
        "evil ",
        ".git/config",
        "ledger/.hidden",
        "-rf",
        "a\nb",
        "a\x1b[2Jb",
        "a\u202egpj.exe",
        "zażółć",
        "a:b",
        "a*",
        "",
        "~/evil",
        "$(evil)",
    ],
)
def test_names_are_plain(name: str, tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", ("x", b"x"), (info(name), b"evil"))
    assert "is no path of plain names inside the folder" in refused(archive)


def test_a_name_does_not_end_at_a_nul(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", ("evilXtxt", b"x"))
    archive.write_bytes(archive.read_bytes().replace(b"evilXtxt", b"evil\0txt"))
    assert "is no path of plain names" in refused(archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR])
def test_only_plain_files(kind: int, tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", (info("link", mode=kind | 0o777), b"/etc/passwd"))
    assert refused(archive) == "a.zip: entry 'link' is no plain file"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a", "A"), "entry 'A' is there as 'a', too"),
        (("a/b", "A/c"), "entry 'A/c' is there as 'a', too"),
        (("a", "a/b"), "entry 'a/b' is in 'a', which is a file"),
        (("a/b", "a"), "entry 'a' is there twice"),
    ],
)
def test_names_do_not_collide(names: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", *((name, b"x") for name in names))
    assert refused(archive) == f"a.zip: {sentence}"


def test_no_entry_twice(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = make(tmp_path / "a.zip", ("a", b"checked"), ("a", b"other"))
    assert refused(archive) == "a.zip: entry 'a' is there twice"


def test_limits_hold(tmp_path: Path) -> None:
    many = make(tmp_path / "many.zip", *((f"f{number}", b"") for number in range(6)))
    assert refused(many) == "many.zip: has 6 entries, at most 5"
    listed = make(tmp_path / "listed.zip", *((f"f{number}" * 40, b"") for number in range(60)))
    assert refused(listed).startswith("listed.zip: lists its entries in ")
    deep = make(tmp_path / "deep.zip", ("a/b/c/d", b""))
    assert refused(deep) == "deep.zip: entry 'a/b/c/d' is in 3 folders, at most 2"
    long = make(tmp_path / "long.zip", ("n" * 129, b""))
    assert "has a name of more than 128 characters" in refused(long)
    large = make(tmp_path / "large.zip", ("f", bytes(2001)))
    assert "unpacks to too much: 'f' goes beyond 2,000 bytes" in refused(large)
    total = make(tmp_path / "total.zip", ("f", bytes(1800)), ("g", bytes(1800)))
    assert "'g' goes beyond 1,200 bytes" in refused(total)
    heavy = make(tmp_path / "heavy.zip", ("f", bytes(2**17)), method=zipfile.ZIP_STORED)
    assert "bytes, at most 65,536" in refused(heavy)


def test_a_bomb_is_seen_by_its_ratio(tmp_path: Path) -> None:
    limits = UnpackLimits(ratio=100)
    bomb = make(tmp_path / "bomb.zip", ("f", bytes(70 * 2**20)))
    assert "'f' goes beyond 67,108,864 bytes" in refused(bomb, limits)
    assert unpack(bomb, tmp_path / "folder", UnpackLimits(ratio=2000)) == ("f",)


@pytest.mark.parametrize("stated", [5, 50_000_000])
def test_a_stated_size_is_not_believed(stated: int, tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", ("f", b"x" * 1000))
    data = archive.read_bytes()
    archive.write_bytes(data.replace(struct.pack("<L", 1000), struct.pack("<L", stated)))
    assert "entry 'f' " in refused(archive)


def test_entries_that_share_their_bytes_are_counted_each_time(tmp_path: Path) -> None:
    """As in the bombs that need no nesting: every entry of the list points to the same data."""
    archive = make(tmp_path / "a.zip", ("f", bytes(1900)), ("g", b""))
    data = bytearray(archive.read_bytes())
    first, second = (data.find(b"PK\x01\x02"), data.rfind(b"PK\x01\x02"))
    for start, size in ((16, 12), (42, 4)):  # checksum and sizes; offset
        data[second + start : second + start + size] = data[first + start : first + start + size]
    archive.write_bytes(data)
    refused(archive)


def test_encrypted_entries_and_other_compressions_are_refused(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", ("f", b"x" * 100))
    data = bytearray(archive.read_bytes())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    assert refused(archive) == "a.zip: entry 'f' is encrypted"
    other = make(tmp_path / "b.zip", ("f", b"x" * 100), method=zipfile.ZIP_LZMA)
    assert refused(other) == "b.zip: entry 'f' is compressed by method 14; only deflate is read"


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"no archive at all", b"\0" * 1000])
def test_what_is_no_archive_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    assert "is no readable zip archive" in refused(tmp_path / "a.zip")


def test_an_archive_that_readers_may_see_differently_is_refused(tmp_path: Path) -> None:
    inner, outer = (make(tmp_path / name, (name, b"")).read_bytes() for name in ("a", "b"))
    (tmp_path / "c.zip").write_bytes(inner + outer)
    assert "is no readable zip archive" in refused(tmp_path / "c.zip")


def test_a_missing_archive_and_a_folder_in_use(tmp_path: Path) -> None:
    assert "cannot be read (No such file or directory)" in refused(tmp_path / "none.zip")
    archive = make(tmp_path / "a.zip", ("f", b""))
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine").touch()
    with pytest.raises(OutputError, match="used: cannot be written"):
        unpack(archive, tmp_path / "used")
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["mine"]


@given(st.data())
def test_whatever_is_damaged_is_unpacked_or_refused(data: st.DataObject) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ledger/a.jsonl", b"{}\n" * 50)
        archive.writestr("artifacts/b.txt", b"text")
    changed = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.zip"
        path.write_bytes(changed)
        with contextlib.suppress(RefusedError):
            paths = unpack(path, Path(name) / "folder", SMALL)
            assert all((Path(name) / "folder" / found).is_file() for found in paths)
        assert {found.name for found in Path(name).iterdir()} <= {"a.zip", "folder"}
