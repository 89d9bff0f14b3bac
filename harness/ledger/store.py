"""Append-only segments of JSON Lines: one writer each, flushed record by record, merged by copying files.

Only the last line of a segment can have been cut short (power loss, full disk): a writer that meets such a
line takes it away before it goes on. Every other line that is no record is an error.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError, OutputError, UsageError
from harness.ledger.record import SCHEMA, Record


class _Schema(msgspec.Struct):
    schema: int


_DECODER = msgspec.json.Decoder(Record)


class LedgerWriter:
    """Appends records to the segment of one run; threads may share it.

    Raises:
        UsageError: the folder cannot be written.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.path = folder / f"{run}.jsonl"
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise UsageError(
                f"{folder}: the ledger cannot be written there ({error.strerror}); choose another --output"
            ) from error

    def append(self, record: Record) -> None:
        """Write one record; it is on disk when this returns, or else no part of it is.

        Raises:
            OutputError: the disk is full or the folder became unwritable; earlier records are safe.
            ValueError: the record holds a number that JSON has no word for (NaN, infinity).
        """
        line = jsonio.dumps(record) + b"\n"
        with self._lock:
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
                try:
                    _append(handle, line)
                finally:
                    os.close(handle)
            except OSError as error:
                raise OutputError(
                    f"{self.path}: a record cannot be written ({error.strerror}); free space and run again: "
                    "finished cells are kept"
                ) from error


def read_records(folder: Path) -> Iterator[Record]:
    """All records, oldest segment first. A last line that was cut short is passed over.

    Raises:
        ConfigurationError: a segment cannot be read, a line is no record, or a record has an unknown schema.
    """
    for segment in sorted(folder.glob("*.jsonl")):
        if not segment.name.startswith("."):
            yield from read_segment(segment)


def read_segment(segment: Path) -> Iterator[Record]:
    """The records of one file; raises as :func:`read_records`."""
    try:
        with segment.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                whole = line.endswith(b"\n")
                if line.strip() and (whole or is_json(line)):
                    yield _record(line, segment, number)
                if not whole:
                    break  # a writer may be at it: what comes next would be the line's other half
    except OSError as error:
        raise ConfigurationError(f"{segment}: cannot be read ({error.strerror})") from error


def _record(line: bytes, segment: Path, number: int) -> Record:
    try:
        record = _DECODER.decode(line)
    except (ValueError, RecursionError):
        record = None
    if record is None or record.schema != SCHEMA:
        _refuse(line, origin=f"{segment}, line {number}")
    return record


def _refuse(line: bytes, *, origin: str) -> NoReturn:
    """Say why a line is no record, its schema first."""
    try:
        schema = jsonio.loads(line, _Schema, origin=origin).schema
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}; every line is one record: delete this line and run again"
        ) from error
    if schema == SCHEMA:
        jsonio.loads(line, Record, origin=origin)
    raise ConfigurationError(
        f"{origin}: field schema: is {schema}, this harness reads {SCHEMA}; "
        "use the harness that wrote it, or another --output"
    )


def _append(handle: int, line: bytes) -> None:
    """Write the whole line at the end of a file, or leave the file as it was (but for a line cut short)."""
    size = _whole_lines(handle)
    try:
        written = 0
        while written < len(line):
            written += os.write(handle, line[written:])
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise


def _whole_lines(handle: int) -> int:
    """The file's size, once its last line is whole: completed if it is a record, else taken away."""
    size = os.lseek(handle, 0, os.SEEK_END)
    if size == 0:
        return 0
    os.lseek(handle, size - 1, os.SEEK_SET)
    if os.read(handle, 1) == b"\n":
        return size
    with os.fdopen(os.dup(handle), "rb") as stream:
        stream.seek(0)
        data = stream.read()
    start = data.rfind(b"\n") + 1
    if is_json(data[start:]):
        os.write(handle, b"\n")
        return size + 1
    os.ftruncate(handle, start)
    return start


def is_json(line: bytes) -> bool:
    """Whether it is all there: a line that was cut short is not."""
    try:
        msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return False
    return True
