"""What former runs found out, so that nothing is parsed or checked twice: a cache, and nothing but a cache.

One SQLite file in the cache folder, which runs share. Entries are found by a digest of all that they follow
from, and each carries a checksum. Where the file cannot be read, written or made sense of, nothing is known,
and work is done again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sqlite3
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec

from harness import paths

T = TypeVar("T")
MAX_BYTES = 512 * 1024**2
_SCHEMA = 1
_WAIT_SECONDS = 5.0  # for another run that is writing
_WRITE_AT_ONCE = 1000
_READ_AT_ONCE = 1000
_CHECKSUM_BYTES = 8
_DAY_SECONDS = 86400
_LIBRARIES = ("bioimageio.spec", "msgspec", "numpy", "pydantic", "pydantic-core", "pyyaml")
_TABLE = "CREATE TABLE IF NOT EXISTS known (key BLOB PRIMARY KEY, value BLOB NOT NULL, day INTEGER NOT NULL)"


class Known:
    """The entries of one cache file; a context manager that keeps what was added. Not for several threads.

    Args:
        file: where; None knows nothing and keeps nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._connection = None if file is None else _open(file)
        self._today = int(time.time()) // _DAY_SECONDS
        self._new: dict[bytes, bytes] = {}
        self._used: list[bytes] = []
        self._asked = 0

    def __enter__(self) -> Known:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self._write()
        if self._connection is not None:
            with self._safely() as connection:
                if connection.in_transaction:
                    connection.execute("COMMIT")
                _keep_within_bounds(connection)
            self._close()

    def get(self, key: bytes, kind: type[T]) -> T | None:
        """The entry of a key; None if there is none that is whole and of this kind."""
        stored = self._new.get(key) or self._stored(key)
        if stored is None or _checksum(stored[_CHECKSUM_BYTES:]) != stored[:_CHECKSUM_BYTES]:
            return None
        try:
            return msgspec.msgpack.decode(memoryview(stored)[_CHECKSUM_BYTES:], type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def put(self, key: bytes, value: object) -> None:
        """Keep an entry."""
        if self._connection is not None:
            encoded = msgspec.msgpack.encode(value)
            self._new[key] = _checksum(encoded) + encoded
            if len(self._new) >= _WRITE_AT_ONCE:
                self._write()

    def _stored(self, key: bytes) -> bytes | None:
        if self._connection is None:
            return None
        with self._safely() as connection:
            if not connection.in_transaction:
                connection.execute("BEGIN")  # else each question would lock the file anew
            row = connection.execute("SELECT value, day FROM known WHERE key = ?", (key,)).fetchone()
            self._asked += 1
            if row is None or self._asked % _READ_AT_ONCE == 0:
                connection.execute("COMMIT")  # others may write while what is not known is found out
            if row is not None and isinstance(row[0], bytes):
                if row[1] != self._today:
                    self._used.append(key)
                return row[0]
        return None

    def _write(self) -> None:
        if self._connection is not None and (self._new or self._used):
            with self._safely() as connection:
                if connection.in_transaction:
                    connection.execute("COMMIT")
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "INSERT OR REPLACE INTO known VALUES (?, ?, ?)",
                    ((key, value, self._today) for key, value in self._new.items()),
                )
                connection.executemany(
                    "UPDATE known SET day = ? WHERE key = ?", ((self._today, key) for key in self._used)
                )
                connection.execute("COMMIT")
        self._new.clear()
        self._used.clear()

    @contextlib.contextmanager
    def _safely(self) -> Iterator[sqlite3.Connection]:
        """The connection; a file that cannot be used is given up, one that is damaged is made anew."""
        assert self._file is not None and self._connection is not None, "there is a file"  # noqa: S101, PT018
        try:
            yield self._connection
        except sqlite3.OperationalError:  # read-only, locked for long, a full disk
            self._close()
        except sqlite3.Error:
            self._close()
            _remove(self._file)
            self._connection = _open(self._file)

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def open_known() -> Known:
    """What runs with this cache folder know."""
    return Known(paths.cache_folder() / f"known-{_SCHEMA}.sqlite")


def key_of(kind: str, *parts: str) -> bytes:
    """The key of an entry that follows from ``parts``, and from the code and libraries that read models."""
    text = "\0".join((kind, reading_digest(), *parts))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


@functools.cache
def reading_digest() -> str:
    """The digest of what turns the files of a model into values: code, libraries, Python."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"\0{library}=={metadata.version(library)}".encode())
    return digest.hexdigest()


def _open(file: Path) -> sqlite3.Connection | None:
    """A connection to the file, which is made if need be; one that is no such file is made anew, once."""
    for _ in range(2):
        with contextlib.suppress(OSError):  # a folder that cannot be written may still be read
            file.parent.mkdir(parents=True, exist_ok=True)
        connection = None
        try:
            connection = sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            with contextlib.suppress(sqlite3.OperationalError):  # read-only
                connection.execute(_TABLE)
        except sqlite3.OperationalError:
            if connection is not None:
                connection.close()
            return None
        except sqlite3.Error:
            if connection is not None:
                connection.close()
            _remove(file)
        else:
            return connection
    return None


def _remove(file: Path) -> None:
    """Remove a file that is none of ours, with what SQLite keeps beside it."""
    for name in (file.name, f"{file.name}-journal"):
        with contextlib.suppress(OSError):
            file.with_name(name).unlink()


def _keep_within_bounds(connection: sqlite3.Connection) -> None:
    """Forget the half that was not used for the longest time, where there is too much."""

    def ask(pragma: str) -> int:
        return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    if (ask("page_count") - ask("freelist_count")) * ask("page_size") > MAX_BYTES:
        connection.execute(
            "DELETE FROM known WHERE rowid IN (SELECT rowid FROM known ORDER BY day, rowid "
            "LIMIT (SELECT count(*) / 2 FROM known))"
        )


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECKSUM_BYTES).digest()
