"""Files of a folder that a stranger filled: no link is followed, and nothing is read but plain files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from harness.errors import RefusedError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def list_files(folder: Path, name: str, *, suffix: str, most: int) -> list[str]:
    """The names in ``folder/name`` that end so, sorted, without hidden ones; none if it is not there.

    Raises:
        RefusedError: it is no folder, or holds more than ``most`` files of any name.
    """
    found = []
    try:
        with _opened(folder, name) as handle, os.scandir(handle) as entries:
            for number, entry in enumerate(entries):
                if number >= most:
                    raise RefusedError(f"{name}: has more than {most:,} files")
                if entry.name.endswith(suffix) and not entry.name.startswith("."):
                    found.append(entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RefusedError(f"{name}: is no folder that can be read ({error.strerror})") from error
    return sorted(found)


def read_file(folder: Path, path: str, *, most: int) -> bytes:
    """The content of ``folder/path``, whose parts the caller has checked to be plain names.

    Raises:
        RefusedError: it is not there, a link, no plain file, has other names, or more than ``most`` bytes.
    """
    with open_file(folder, path, most=most) as stream:
        return stream.read(most)


@contextmanager
def open_file(folder: Path, path: str, *, most: int) -> Iterator[BinaryIO]:
    """The same to read piece by piece."""
    above, _, name = path.rpartition("/")
    try:
        with _opened(folder, above) as handle:
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):  # looked at first: to open a device may do something
                raise RefusedError(f"{path}: is no plain file")
            with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=handle), "rb") as stream:  # noqa: PTH123
                status = os.fstat(stream.fileno())
                if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                    raise RefusedError(f"{path}: has other names, too")
                if status.st_size > most:
                    raise RefusedError(f"{path}: has {status.st_size:,} bytes, at most {most:,}")
                yield stream
    except OSError as error:
        raise RefusedError(f"{path}: cannot be read ({error.strerror})") from error


@contextmanager
def _opened(folder: Path, path: str) -> Iterator[int]:
    """A descriptor of ``folder/path``; raises OSError if a part of it is a link or no folder."""
    handle = os.open(folder, _FOLDER)
    try:
        for name in filter(None, path.split("/")):
            below = os.open(name, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)
