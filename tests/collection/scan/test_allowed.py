"""What the policy lets through: the findings that it names in the files that it names, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.cell import WeightsFormat
from harness.collection import scan as package
from harness.collection.cache import file_sha256
from harness.collection.scan import ScanResult, archive, scan_weights, sha256_of
from harness.policy.scan import Allow, ScanRules
from tests.collection.packages import content, good, sha256, write_model
from tests.collection.scan.payloads import HARMLESS, attack, importing, torch_file, zipped

SYSTEM = f"imports {os.name}.system"


def scanned(folder: Path, data: bytes, *entries: Allow, name: str = "weights.pt") -> ScanResult:
    """The result for a model whose weights have this content."""
    weights = {"torchscript": {"source": name, "pytorch_version": "2.1.0"}}
    write_model(folder, content(weights=weights))
    (folder / name).write_bytes(data)
    return scan_weights(good(folder), WeightsFormat.TORCHSCRIPT, ScanRules(allow=entries))


def allow(finding: str = SYSTEM, **changes: str) -> Allow:
    return Allow(finding=finding, why="reviewed in #12", **changes)


def test_what_is_let_through_is_still_told_with_the_reason(tmp_path: Path) -> None:
    result = scanned(tmp_path / "m", torch_file(attack()), allow())
    assert (result.status, result.found, result.unreadable) == ("dangerous", (), ())
    (told,) = result.allowed
    assert told == f"weights.pt: weights/data.pkl {SYSTEM} (allowed: reviewed in #12)"
    assert result.message == f"nothing else that is dangerous was found in 1 file; let through: {told}"
    assert result.files == ("weights.pt",)


def test_all_else_is_found_as_before(tmp_path: Path) -> None:
    data = torch_file(attack(), **{"weights/more.pkl": importing("shutil", "rmtree")})
    result = scanned(tmp_path / "m", data, allow())
    assert result.found == ("weights.pt: weights/more.pkl imports shutil.rmtree",)
    assert result.message.startswith(f"{result.found[0]}; let through: ")


def test_an_entry_is_about_the_file_that_was_reviewed(tmp_path: Path) -> None:
    data = torch_file(attack())
    reviewed = allow(model="tiny", weights="torchscript", sha256=sha256(data))
    assert scanned(tmp_path / "reviewed", data, reviewed).found == ()
    changed = torch_file(attack(), **{"weights/x": b""})
    assert scanned(tmp_path / "changed", changed, reviewed).found != ()
    assert scanned(tmp_path / "other", data, allow(model="zoo/*", sha256=sha256(data))).found != ()
    assert scanned(tmp_path / "onnx", data, allow(weights="onnx")).found != ()


@pytest.mark.parametrize("entry", ["imports shutil.rmtree", "has the entry", "weights.pt imports"])
def test_no_name_that_a_model_chooses_makes_a_finding_another_one(entry: str, tmp_path: Path) -> None:
    """Files, entries of archives and modules may be called like an allowed finding."""
    data = torch_file(attack(), **{f"{entry}/data.pkl": attack(), "a/data.pkl": importing(entry, "x")})
    result = scanned(tmp_path / "m", data, allow(f"{entry}*"), name=f"{entry.replace('/', '')}.pt")
    assert len(result.found) >= 2
    assert result.allowed == ()


def test_many_findings_that_are_let_through_hide_none_that_is_not(tmp_path: Path) -> None:
    harmless = b"".join(importing("os", f"f{number}") for number in range(30))
    data = torch_file(harmless + importing("shutil", "rmtree"))
    result = scanned(tmp_path / "m", data, allow("imports os.*"))
    assert result.found == ("weights.pt: weights/data.pkl imports shutil.rmtree",)
    assert len(result.allowed) == 20


def test_what_cannot_be_read_is_let_through_alike(tmp_path: Path) -> None:
    data = torch_file(HARMLESS, **{"weights/extra.pkl": HARMLESS[:-1]})
    assert scanned(tmp_path / "m", data).unreadable != ()
    result = scanned(tmp_path / "m", data, allow("cannot be scanned: from byte * no whole pickle*"))
    assert (result.status, result.unreadable, len(result.allowed)) == ("failed", (), 1)


def test_an_archive_that_is_not_looked_into_is_not_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 1)
    data = zipped({"a": b"", "b.pkl": attack()})
    result = scanned(tmp_path / "m", data, allow("is a zip archive of 2 entries*"))
    assert result.found == ()
    assert result.unreadable == ("weights.pt cannot be scanned: nothing in it was looked at",)


def test_notes_for_the_reviewer_are_neither_let_through_nor_kept_back(tmp_path: Path) -> None:
    result = scanned(tmp_path / "m", torch_file(importing("net", "Block")), allow("imports net.Block*"))
    assert (result.status, result.allowed, result.files) == ("clean", (), ())
    assert "look at this: " in result.message


def test_a_file_is_hashed_once_however_much_is_found_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []

    def count(path: Path) -> str:
        hashed.append(path.name)
        return file_sha256(path)

    data = torch_file(b"".join(importing("os", f"f{number}") for number in range(9)))
    monkeypatch.setattr(package, "file_sha256", count)
    assert scanned(tmp_path / "a", data).status == "dangerous"
    assert hashed == [], "nothing asks for it"
    scanned(tmp_path / "b", data, allow("imports os.*", sha256=sha256(data)))
    assert hashed == ["weights.pt"]


def test_a_reason_is_told_in_one_line(tmp_path: Path) -> None:
    entry = Allow(finding=SYSTEM, why="reviewed\nin \x1b[31m#12")
    (told,) = scanned(tmp_path / "m", torch_file(attack()), entry).allowed
    assert told.endswith("(allowed: reviewed\\nin \\x1b[31m#12)")


def test_a_file_that_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    assert sha256_of(tmp_path / "gone") == ""
