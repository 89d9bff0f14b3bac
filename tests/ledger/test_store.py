from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import jsonio
from harness.errors import ConfigurationError, OutputError, UsageError
from harness.ledger.record import Record
from harness.ledger.store import LedgerWriter, read_records
from tests.ledger.records import OUTPUT, record

MESSAGES = st.text(st.characters(codec="utf-8"), max_size=20)


def _write(folder: Path, run: str, *messages: str) -> None:
    writer = LedgerWriter(folder, run)
    for message in messages:
        writer.append(record(message=message, outputs=(OUTPUT,)))


def _messages(folder: Path) -> list[str]:
    return [read.message for read in read_records(folder)]


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    stored = record(message="line\nline ✓", outputs=(OUTPUT,))
    LedgerWriter(tmp_path / "new" / "ledger", "r").append(stored)
    assert list(read_records(tmp_path / "new" / "ledger")) == [stored]
    assert list(read_records(tmp_path / "nowhere")) == []


@settings(deadline=None, max_examples=40)
@given(st.lists(MESSAGES, min_size=1, max_size=4), st.data())
def test_cut_at_any_byte_no_finished_record_is_lost(messages: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, "r", *messages)
        segment = folder / "r.jsonl"
        whole = segment.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        segment.write_bytes(whole[:cut])
        ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
        finished = messages[: sum(end - 1 <= cut for end in ends)]
        assert _messages(folder) == finished
        _write(folder, "r", "again")  # the writer goes on after a crash
        assert _messages(folder) == [*finished, "again"]
        assert segment.read_bytes().count(b"\n") == len(finished) + 1


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(MESSAGES, max_size=3), min_size=2, max_size=3))
def test_ledgers_are_merged_by_copying_their_files(parts: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        merged = Path(name) / "merged"
        merged.mkdir()
        for number, messages in enumerate(parts):
            _write(Path(name) / str(number), f"run-{number}", *messages)
            shutil.copytree(Path(name) / str(number), merged, dirs_exist_ok=True)
        assert _messages(merged) == [message for messages in parts for message in messages]


def _many(folder: str, run: str) -> None:
    _write(Path(folder), run, *["x" * 5000] * 10)


def test_two_writers_in_one_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_many, args=(str(tmp_path), run)) for run in ("a", "b")]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        list(read_records(tmp_path))  # a reader meets whole records only
    for writer in writers:
        writer.join()
        writer.close()
    assert _messages(tmp_path) == ["x" * 5000] * 20


@pytest.mark.parametrize(
    "garbage", [b"garbage", b"{}", b'{"schema": 1}', b"\xff\xfe", b"[" * 100_000, b'{"schema"']
)
def test_garbage_in_the_middle_is_refused_with_file_and_line(garbage: bytes, tmp_path: Path) -> None:
    _write(tmp_path, "r", "first")
    with (tmp_path / "r.jsonl").open("ab") as stream:
        stream.write(garbage + b"\n")
    _write(tmp_path, "r", "last")
    with pytest.raises(ConfigurationError, match=r"r\.jsonl, line 2: "):
        list(read_records(tmp_path))


def test_an_unknown_schema_is_refused(tmp_path: Path) -> None:
    stored = msgspec.to_builtins(record()) | {"schema": 99}
    (tmp_path / "r.jsonl").write_bytes(msgspec.json.encode(stored))
    with pytest.raises(ConfigurationError, match="line 1: field schema: is 99, this harness reads 1"):
        list(read_records(tmp_path))


@pytest.mark.parametrize(
    "changes", [{"reason": "bored"}, {"blame": "model"}, {"status": "failed"}, {"seconds": "long"}]
)
def test_a_record_that_says_what_no_verdict_may_is_refused(changes: dict[str, str], tmp_path: Path) -> None:
    stored = msgspec.to_builtins(record()) | changes
    (tmp_path / "r.jsonl").write_bytes(msgspec.json.encode(stored) + b"\n")
    with pytest.raises(ConfigurationError, match=r"r\.jsonl, line 1: "):
        list(read_records(tmp_path))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_refused_before_they_are_stored(
    number: float, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="output out: field headroom: JSON has no"):
        msgspec.structs.replace(OUTPUT, headroom=number)
    writer = LedgerWriter(tmp_path, "r")
    for bad in (
        record(seconds=number),
        record(outputs=(msgspec.structs.replace(OUTPUT, atol=number),)),
    ):
        with pytest.raises(ValueError, match="JSON has no"):
            writer.append(bad)
    assert list(read_records(tmp_path)) == []


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("in the way")
    with pytest.raises(UsageError, match=r"cannot be written there .*; choose another --output"):
        LedgerWriter(tmp_path / "ledger", "r")


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for a user who is not root
    with pytest.raises(UsageError, match=r"Permission denied\); choose another --output"):
        LedgerWriter(tmp_path, "r")


def test_a_segment_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    writer = LedgerWriter(tmp_path, "r")
    (tmp_path / "r.jsonl").mkdir()
    with pytest.raises(OutputError, match="a record cannot be written"):
        writer.append(record())
    with pytest.raises(ConfigurationError, match=r"r\.jsonl: cannot be read"):
        list(read_records(tmp_path))


def test_hidden_files_are_no_segments(tmp_path: Path) -> None:
    (tmp_path / "._r.jsonl").write_bytes(b"\0\0")
    assert list(read_records(tmp_path)) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs of 64 KiB")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.may_skip
def test_a_full_disk_loses_nothing_that_was_recorded(small_disk: Path) -> None:
    writer = LedgerWriter(small_disk, "r")
    stored: list[Record] = []

    def fill() -> None:
        for number in range(100):
            written = record(message=str(number) * 1000)
            writer.append(written)
            stored.append(written)

    with pytest.raises(OutputError, match=r"No space left on device\); free space and run again"):
        fill()
    assert stored
    assert list(read_records(small_disk)) == stored


def test_a_write_that_fails_half_way_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LedgerWriter(tmp_path, "r")
    writer.append(record(message="first"))
    real = os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) < 300:
            raise OSError(28, "No space left on device")
        return real(handle, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(OutputError):
            writer.append(record(message="second"))
    assert _messages(tmp_path) == ["first"]
    writer.append(record(message="third"))
    assert _messages(tmp_path) == ["first", "third"]


def test_a_record_stays_readable_text(tmp_path: Path) -> None:
    LedgerWriter(tmp_path, "r").append(record())
    (line,) = (tmp_path / "r.jsonl").read_bytes().splitlines()
    assert line == jsonio.dumps(record())
