"""Zip archives: what is read of them, and what is wrong with some."""

from __future__ import annotations

import io
import pickle
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from harness.collection.scan import archive, finding
from tests.collection.scan.payloads import HARMLESS, attack, scan, torch_file, zipped


@pytest.mark.parametrize(
    "name",
    [
        "weights/data.pkl",
        "weights/DATA.PKL",
        "weights/other.pkl",
        "weights/data/payload",
        "weights/data/x/0",
        "0",
    ],
)
def test_a_pickle_anywhere_but_in_a_tensors_place(name: str, tmp_path: Path) -> None:
    assert scan(tmp_path, torch_file(HARMLESS, **{name: attack()})).status == "dangerous"


def test_a_pickle_of_protocol_0_is_known_by_its_name(tmp_path: Path) -> None:
    assert scan(tmp_path, torch_file(attack(0))).status == "dangerous"


def test_an_entry_that_is_packed(tmp_path: Path) -> None:
    packed = zipped({"a/data.pkl": attack()}, zipfile.ZIP_DEFLATED)
    assert scan(tmp_path, packed).status == "dangerous"
    packed = zipped({"a/data.pkl": HARMLESS}, zipfile.ZIP_BZIP2)
    assert "compressed by method 12" in scan(tmp_path, packed).message


def test_arrays_with_objects_in_an_npz(tmp_path: Path) -> None:
    for array, status in ((np.zeros(3), "clean"), (np.array([{}], dtype=object), "clean")):
        stream = io.BytesIO()
        np.savez(stream, array)
        assert scan(tmp_path, stream.getvalue(), "x.npz").status == status
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object))
    header = stream.getvalue().partition(b"\x80")[0]
    assert scan(tmp_path, zipped({"x.npy": header + attack()}), "x.npz").status == "dangerous"


def test_an_archive_of_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path, zipped({}), "weights.zip").status == "clean"


def test_what_macos_adds_to_archives_is_no_damage(tmp_path: Path) -> None:
    added = {"__MACOSX/._x.npy": b"\x00\x05\x16\x07", "__MACOSX/._x.pkl": b""}
    assert scan(tmp_path, zipped(added), "weights.zip").status == "clean"
    assert scan(tmp_path, zipped({"._x.npy": attack()}), "weights.zip").status == "dangerous"


def test_archives_in_archives(tmp_path: Path) -> None:
    data = zipped({"notes.txt": b"text", "weights.pt": torch_file(attack())})
    result = scan(tmp_path, data, "attachment.zip")
    assert result.found[0].startswith("attachment.zip: weights.pt: weights/data.pkl imports ")
    for _ in range(3):
        data = zipped({"inner.zip": data})
    assert "archive in 3 others" in scan(tmp_path, data, "attachment.zip").message


def test_an_unreadable_pickle_beside_good_ones_is_a_failed_scan(tmp_path: Path) -> None:
    result = scan(tmp_path, torch_file(HARMLESS, **{"weights/extra.pkl": HARMLESS[:-1]}))
    assert result.status == "failed"
    assert result.message.startswith("weights.pt: weights/extra.pkl cannot be scanned: ")


def with_wrong_checksum(data: bytes, pickled: bytes) -> bytes:
    """The archive with another checksum for a pickle, which torch does not look at."""
    return data.replace(zlib.crc32(pickled).to_bytes(4, "little"), b"\x00" * 4)


def test_a_wrong_checksum_hides_nothing_and_is_no_clean_file(tmp_path: Path) -> None:
    result = scan(tmp_path, with_wrong_checksum(torch_file(attack()), attack()))
    assert result.status == "dangerous"
    result = scan(tmp_path, with_wrong_checksum(torch_file(HARMLESS), HARMLESS))
    assert (result.status, "checksum is wrong" in result.message) == ("failed", True)


def test_a_flag_of_encryption_hides_nothing_and_is_no_clean_file(tmp_path: Path) -> None:
    for pickled, status in ((attack(), "dangerous"), (HARMLESS, "failed")):
        data = bytearray(torch_file(pickled))
        data[data.find(b"PK\x01\x02") + 8] |= 1
        result = scan(tmp_path, bytes(data))
        assert (result.status, "marked as encrypted" in result.message) == (status, True)


def test_another_name_at_the_entry_hides_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path, torch_file(attack()).replace(b"weights/", b"another/", 1)).status == "dangerous"


def test_two_entries_of_one_name_are_both_read(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        written.writestr("a/data.pkl", attack())
        with pytest.warns(UserWarning, match="Duplicate name"):
            written.writestr("a/data.pkl", HARMLESS)
    assert scan(tmp_path, stream.getvalue()).status == "dangerous"


def test_a_directory_that_readers_find_in_two_places(tmp_path: Path) -> None:
    good, bad = torch_file(HARMLESS), torch_file(attack())
    end = good.rfind(b"PK\x05\x06")
    stated = bad.find(b"PK\x01\x02")  # torch follows this, Python looks right before the end
    both = bad + good[:end] + good[end:-6] + struct.pack("<L", stated) + b"\x00\x00"
    result = scan(tmp_path, both)
    assert (result.status, "different entries" in result.message) == ("failed", True)


def zip64(data: bytes, *, shift: int = 0, signature: bytes = b"PK\x06\x06") -> bytes:
    """The archive with the end records of large files, as torch writes them."""
    end = data.rfind(b"PK\x05\x06")
    entries, size, offset = struct.unpack("<HLL", data[end + 10 : end + 20])
    record = signature + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, entries, entries, size, offset)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, end + shift, 1)
    return data[:end] + record + locator + data[end:]


def test_end_records_of_large_files(tmp_path: Path) -> None:
    assert scan(tmp_path, zip64(torch_file(HARMLESS))).status == "clean"
    assert scan(tmp_path, zip64(torch_file(attack()))).status == "dangerous"
    assert "different entries" in scan(tmp_path, zip64(torch_file(HARMLESS), shift=1)).message
    assert "different entries" in scan(tmp_path, zip64(torch_file(HARMLESS), signature=b"PK\x06\x05")).message


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "\\x", "C:\\x", "C:x", "a\\..\\x", "\\\\host\\x"]
)
def test_names_that_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    result = scan(tmp_path, zipped({name: b""}), "weights.zip")
    assert (result.status, "leads out of its folder" in result.message) == ("dangerous", True)


@pytest.mark.parametrize("name", ["a/b", "a..b/c", "variables\\index", "a/./b", "folder/"])
def test_names_that_stay_inside(name: str, tmp_path: Path) -> None:
    assert scan(tmp_path, zipped({name: b""}), "weights.zip").status == "clean"


def test_a_symbolic_link(tmp_path: Path) -> None:
    stream = io.BytesIO()
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(stream, "w") as written:
        written.writestr(link, "/etc/passwd")
    result = scan(tmp_path, stream.getvalue(), "weights.zip")
    assert (result.status, "symbolic link" in result.message) == ("dangerous", True)


def test_an_archive_that_unpacks_to_far_more(tmp_path: Path) -> None:
    zeros = b"\x00" * 30 * 1024**2
    bomb = zipped({str(number): zeros for number in range(9)}, zipfile.ZIP_DEFLATED)
    result = scan(tmp_path, bomb, "weights.zip")
    assert (result.status, "unpacks to 283,115,520" in result.message) == ("dangerous", True)
    assert scan(tmp_path, zipped({"zeros": zeros}, zipfile.ZIP_DEFLATED), "weights.zip").status == "clean"


def test_entries_that_overlap(tmp_path: Path) -> None:
    data = zipped({"a": b"x" * 1000})
    start, end = data.find(b"PK\x01\x02"), data.rfind(b"PK\x05\x06")
    entry = data[start:end]
    counts = struct.pack("<HHLL", 2, 2, 2 * len(entry), start)
    twice = data[:start] + entry + entry.replace(b"a", b"b") + data[end : end + 8] + counts + b"\x00\x00"
    result = scan(tmp_path, twice, "weights.zip")
    assert (result.status, "overlap" in result.message) == ("dangerous", True)


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"a": b"", "b": b""})
    monkeypatch.setattr(archive, "MAX_FILES", 1)
    assert "of 2 entries" in scan(tmp_path, data, "weights.zip").message
    monkeypatch.setattr(archive, "_MAX_DIRECTORY", 10)
    result = scan(tmp_path, data, "weights.zip")
    assert (result.status, "list of entries has 94 bytes" in result.message) == ("dangerous", True)


def test_an_entry_larger_than_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_PIECE", 100)
    data = zipped({"model.onnx": b"x" * 101})
    assert "it is more than 0 MiB" in scan(tmp_path, data, "weights.zip").message


def test_entries_that_are_too_much_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_MAX_READ", 3 * len(HARMLESS))
    data = zipped({f"{number}.pkl": HARMLESS for number in range(9)})
    assert "its parts are more than" in scan(tmp_path, data, "weights.zip").message


def test_a_large_archive_is_scanned_without_its_tensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_MAX_READ", 1000)
    tensors = {f"weights/data/{number}": b"\x80\x02" * 10**6 for number in range(50)}
    assert scan(tmp_path, torch_file(pickle.dumps({}), **tensors)).status == "clean"
