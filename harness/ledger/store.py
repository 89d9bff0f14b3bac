"""Append-only segments of JSON Lines: one writer each, flushed record by record, merged by copying files."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError, OutputError, UsageError
from harness.ledger.record import SCHEMA, Record


class _Schema(msgspec.Struct):
    schema: int


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
        """Write one record; it is on disk when this returns.

        Raises:
            OutputError: the disk is full or the folder became unwritable; earlier records are safe.
        """
        line = jsonio.dumps(record) + b"\n"
        with self._lock:
            try:
                with self.path.open("ab") as stream:
                    if stream.tell() and not self._ends_with_newline():
                        stream.write(b"\n")  # an earlier write was cut short: keep the records apart
                    stream.write(line)
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as error:
                raise OutputError(
                    f"{self.path}: a record cannot be written ({error.strerror}); free space and run again: "
                    "finished cells are kept"
                ) from error

    def _ends_with_newline(self) -> bool:
        with self.path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"


def read_records(folder: Path) -> Iterator[Record]:
    """All records, oldest segment first. A line that was cut short (power loss, full disk) is passed over.

    Raises:
        ConfigurationError: a line is no record, or a record has an unknown schema.
    """
    for segment in sorted(folder.glob("*.jsonl")):
        lines = segment.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                schema = msgspec.json.decode(line, type=_Schema).schema
            except msgspec.DecodeError as error:
                if _cut_short(line):
                    continue
                raise ConfigurationError(f"{segment}, line {number}: is no record ({error})") from error
            if schema != SCHEMA:
                raise ConfigurationError(
                    f"{segment}, line {number}: field schema: is {schema}, this harness reads {SCHEMA}; "
                    "use the harness that wrote it, or another --output"
                )
            yield jsonio.loads(line, Record, origin=f"{segment}, line {number}")


def _cut_short(line: bytes) -> bool:
    """Whether the line is the beginning of a record, as a write that ran out of space leaves it."""
    return line.startswith(b"{") and not line.endswith(b"}")
