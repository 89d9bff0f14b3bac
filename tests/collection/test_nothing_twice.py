"""What is known of unchanged files is not found out again; what changed is, whatever the cache says."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.collection import described, file_digests, known
from harness.collection.cache import file_sha256
from harness.collection.description import parse_description
from harness.collection.index import find_models
from harness.collection.model import Models, Packed, Unreadable, read_packed
from tests.collection.packages import content, read, write_model

NAMES = {"rdf.yaml", "in.npy", "out.npy", "cover.png", "README.md", "weights.pt"}
ROOT = Path(__file__).parents[2]
TICK_SECONDS = 0.05  # longer than the time between two ticks of a file system's clock


class Work:
    """What was done to read models: the names of the files that were hashed, how many descriptions parsed."""

    def __init__(self) -> None:
        self.hashed: list[str] = []
        self.parsed = 0

    def done(self) -> tuple[set[str], int]:
        """Since it was last asked."""
        done = set(self.hashed), self.parsed
        self.hashed, self.parsed = [], 0
        return done


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    counted = Work()

    def hash_file(path: Path) -> str:
        counted.hashed.append(path.name)
        return file_sha256(path)

    def parse(data: dict[str, object], *, shown: str) -> object:
        counted.parsed += 1
        return parse_description(data, shown=shown)

    monkeypatch.setattr(file_digests, "file_sha256", hash_file)
    monkeypatch.setattr(described, "parse_description", parse)
    return counted


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints are trusted for files that are older than a tick, so that no test has to wait for seconds."""
    monkeypatch.setattr(file_digests, "GRANULARITY_NS", 0)


def sha256(folder: Path, *, verify_files: bool = False) -> str:
    (model,) = read_packed(find_models(str(folder)), verify_files=verify_files)
    time.sleep(TICK_SECONDS)
    return model.ref.sha256


@pytest.mark.usefixtures("settled")
def test_an_unchanged_model_is_neither_hashed_nor_parsed(work: Work, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    time.sleep(TICK_SECONDS)
    (first,) = read(folder)
    assert work.done() == (NAMES, 1)
    assert read(folder) == [first]
    assert work.done() == (set(), 0)
    assert sha256(folder, verify_files=True) == first.ref.sha256
    assert work.done() == (NAMES, 0)


@pytest.mark.usefixtures("settled")
def test_a_copy_is_hashed_and_not_parsed(work: Work, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    before = sha256(tmp_path / "m")
    work.done()
    shutil.copytree(tmp_path / "m", tmp_path / "copy")
    assert sha256(tmp_path / "copy") == before
    assert work.done() == (NAMES, 0)


def test_what_was_just_written_is_hashed_again(work: Work, tmp_path: Path) -> None:
    """It could be written once more without a later time."""
    folder = write_model(tmp_path / "m")
    before = sha256(folder)
    work.done()
    assert sha256(folder) == before
    assert work.done() == (NAMES, 0)


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def _edit_and_restore_time(path: Path) -> None:
    before = path.stat()
    _edit(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def _replace(path: Path) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("granularity", [0, file_digests.GRANULARITY_NS])
@pytest.mark.parametrize("change", [_edit, _edit_and_restore_time, _replace])
@pytest.mark.parametrize("name", sorted(NAMES - {"in.npy", "out.npy"}))
def test_a_changed_byte_is_seen(
    name: str,
    change: Callable[[Path], None],
    granularity: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_digests, "GRANULARITY_NS", granularity)
    folder = write_model(tmp_path / "m")
    if name == "rdf.yaml":
        (folder / name).write_text((folder / name).read_text() + "# .")
    time.sleep(TICK_SECONDS)
    before = sha256(folder)
    assert sha256(folder) == before
    change(folder / name)
    assert sha256(folder) != before


@pytest.mark.usefixtures("settled")
def test_faults_are_known_as_well(work: Work, tmp_path: Path) -> None:
    write_model(tmp_path / "broken", id="broken", inputs=[])
    wrong = content(id="wrong")
    wrong["inputs"][0]["data"] = {"type": "uint8"}
    write_model(tmp_path / "wrong", wrong)
    first = read(tmp_path)
    assert all(isinstance(model, Unreadable) for model in first)
    assert work.done()[1] == 2
    assert read(tmp_path) == first
    assert work.done()[1] == 0


def test_other_code_asks_again(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "m")
    before = read(folder)
    monkeypatch.setattr(known, "reading_digest", lambda: "another one")
    work.done()
    assert read(folder) == before
    assert work.done() == (NAMES, 1)


def _every_value(file: Path, change: Callable[[bytes], bytes]) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    for row, value in connection.execute("SELECT rowid, value FROM known").fetchall():
        connection.execute("UPDATE known SET value = ? WHERE rowid = ?", (change(value), row))
    connection.close()


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


RUBBISH: dict[str, Callable[[Path], object]] = {
    "no-database": lambda file: file.write_bytes(b"rubbish" * 1000),
    "empty": lambda file: file.write_bytes(b""),
    "cut-short": lambda file: os.truncate(file, file.stat().st_size // 2),
    "overwritten": lambda file: file.write_bytes(
        file.read_bytes()[:5000] + b"\xff" * (file.stat().st_size - 5000)
    ),
    "a-folder": _a_folder,
    "flipped-bits": lambda file: _every_value(file, lambda value: value[:-1] + bytes([value[-1] ^ 1])),
    "empty-values": lambda file: _every_value(file, lambda _: b""),
    "another-type": lambda file: _every_value(file, lambda _: known._checksum(b"\xa1x") + b"\xa1x"),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_in_the_cache_is_as_nothing(name: str, cache: Path, work: Work, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    before = read(folder)
    work.done()
    RUBBISH[name](cache / "known-1.sqlite")
    assert read(folder) == before
    assert work.done()[1] == 1
    assert read(folder) == before
    assert work.done()[1] == (1 if name == "a-folder" else 0)


def test_a_cache_that_cannot_be_written(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "file" / "cache"))
    folder = write_model(tmp_path / "m")
    assert read(folder) == read(folder)
    assert work.done()[1] == 2


@pytest.mark.may_skip
def test_a_cache_that_can_only_be_read(cache: Path, work: Work, tmp_path: Path) -> None:
    folder, other = write_model(tmp_path / "m"), write_model(tmp_path / "other", id="other")
    before = read(folder)
    bind = ["mount", "--bind", str(cache), str(cache)]
    if shutil.which("mount") is None or subprocess.run(bind, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(cache)], check=True)
        work.done()
        assert read(folder) == before
        assert work.done()[1] == 0
        assert read(other) == read(other)
        assert work.done()[1] == 2
    finally:
        subprocess.run(["umount", str(cache)], check=True)


def test_a_cache_that_is_locked_is_not_waited_for_long(
    cache: Path, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "m")
    before = read(folder)
    monkeypatch.setattr(known, "_WAIT_SECONDS", 0.05)
    other = sqlite3.connect(cache / "known-1.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert read(folder) == before
    other.execute("COMMIT")
    other.close()
    work.done()
    assert read(folder) == before
    assert work.done()[1] == 0


READ = (
    "import sys; from tests.collection.packages import read; print([m.ref.sha256 for m in read(sys.argv[1])])"
)


def test_several_processes_at_once(work: Work, tmp_path: Path) -> None:
    for number in range(10):
        write_model(tmp_path / f"m{number}", id=f"m{number}")
    readers = [
        subprocess.Popen([sys.executable, "-c", READ, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = {reader.communicate(timeout=120)[0] for reader in readers}
    assert told == {f"{[model.ref.sha256 for model in read(tmp_path)]}\n"}
    assert work.done()[1] == 0


def test_what_is_known_needs_no_heavy_import(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    read(tmp_path)
    code = (
        "import sys; from harness.collection.index import find_models; "
        "from harness.collection.model import read_packed; "
        "print(read_packed(find_models(sys.argv[1]))[0].ref.id, 'bioimageio.spec' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "tiny False\n"


def test_the_cache_is_bounded(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "known.sqlite"
    monkeypatch.setattr(known, "MAX_BYTES", 100_000)
    for number in range(20):
        with known.Known(file) as kept:
            kept.get(b"0", str)
            kept.put(str(number).encode(), "x" * 20_000)
    assert file.stat().st_size < 250_000
    with known.Known(file) as kept:
        assert kept.get(b"19", str) == "x" * 20_000
        assert kept.get(b"1", str) is None


def test_what_is_used_is_kept_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "known.sqlite"
    for number, day in ((0, 1), (1, 1), (2, 2)):
        monkeypatch.setattr(time, "time", lambda day=day: day * 86400)
        with known.Known(file) as kept:
            if number == 2:
                kept.get(b"0", str)
            kept.put(str(number).encode(), "x" * 20_000)
    monkeypatch.setattr(known, "MAX_BYTES", 1)
    with known.Known(file):
        pass
    with known.Known(file) as kept:
        assert [number for number in range(3) if kept.get(str(number).encode(), str)] == [0, 2]


def test_a_description_that_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "m")
    real = file_digests.FileDigests.sha256

    def edited(self: file_digests.FileDigests, path: str, found: os.stat_result, *, root: str) -> str:
        digest = real(self, path, found, root=root)
        if path.endswith("rdf.yaml"):
            write_model(folder, id="edited")
        return digest

    with monkeypatch.context() as patch:
        patch.setattr(file_digests.FileDigests, "sha256", edited)
        (model,) = read(folder)
    assert isinstance(model, Unreadable)
    assert model.message == "rdf.yaml: was changed while it was read; run again"
    write_model(folder, id="tiny")
    assert [model.ref.id for model in read(folder)] == ["tiny"]


def test_models_are_unpacked_as_they_were_read(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    write_model(tmp_path / "n", id="n")
    (packed,) = (m for m in read_packed(find_models(str(tmp_path))) if isinstance(m, Packed))
    models = Models([packed])
    assert list(models) == ["n"]
    assert (len(models), models.ref("n"), models.ref("m")) == (1, packed.ref, None)
    assert models["n"] == packed.unpack()
    assert models["n"].changed() == ""
