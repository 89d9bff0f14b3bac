"""Download by sha256 into a content-addressed cache that runs share."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from harness import network
from harness.collection.cache import cache_folder_for, writing_failed
from harness.collection.fault import ModelFault
from harness.collection.file_digests import FileDigests
from harness.collection.known import Known
from harness.verdict import Reason

MAX_BYTES = 8 * 1024**3
WAIT_SECONDS = 1.0
TIMEOUT_SECONDS = 30.0
ATTEMPT_SECONDS = 1200.0
_ATTEMPTS = 3
_GONE = (404, 410)
_GONE_ATTEMPTS = 2
_OK = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")


def download(url: str, *, sha256: str | None = None, digests: FileDigests | None = None) -> Path:
    """The local copy of a URL; its name is its sha256. A whole copy with the stated one is not fetched again.

    A server that fails gets three attempts with longer and longer waits between them, one that has no such
    file gets two. ``TIMEOUT_SECONDS`` is how long it may be silent, ``ATTEMPT_SECONDS`` how long it may take.

    Raises:
        ModelFault: FILE_MISSING (404 or 410), SHA256_MISMATCH, DOWNLOAD_FAILED (also for what is not there
            while downloads are switched off), or DISK_FULL.
        OutputError: the cache folder cannot be written.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{url}: is no URL ({error})") from error
    if scheme not in ("http", "https"):
        raise ModelFault(Reason.FILE_MISSING, f"{url}: only http and https are fetched")
    stated = sha256.strip().lower() if sha256 else None
    if stated is not None and not _SHA256.fullmatch(stated):  # also: never a path out of the cache
        raise ModelFault(Reason.SHA256_MISMATCH, f"{url}: the stated sha256 {sha256!r} is none")
    folder = cache_folder_for("files")
    if stated is not None and _whole(folder / stated, digests or FileDigests(Known(None))):
        return folder / stated
    if network.offline():
        raise ModelFault(
            Reason.DOWNLOAD_FAILED,
            f"{url}: is not in the cache, and downloads are switched off; run it once without --offline "
            f"({network.VARIABLE})",
        )
    path = _fetch(url, folder)
    if stated is not None and path.name != stated:
        raise ModelFault(Reason.SHA256_MISMATCH, f"{url}: has sha256 {path.name}, {stated} is stated")
    return path


def _whole(path: Path, digests: FileDigests) -> bool:
    """Whether the cached file is what its name says; one that was cut short or edited is thrown away."""
    try:
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and digests.sha256(str(path), found, root=str(path)) == path.name:
            return True
        path.unlink(missing_ok=True)
    except OSError:  # cannot be read or removed: it will be replaced
        return False
    return False


def _fetch(url: str, folder: Path) -> Path:
    gone = 0
    what = ""
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt * WAIT_SECONDS)  # a server that is busy gets time
        outcome = _attempt(url, folder)
        if isinstance(outcome, Path):
            return outcome
        what = f"the server answered {outcome}" if isinstance(outcome, int) else outcome
        gone += outcome in _GONE
        if gone == _GONE_ATTEMPTS:
            raise ModelFault(Reason.FILE_MISSING, f"{url}: the server has no such file ({outcome})")
    raise ModelFault(Reason.DOWNLOAD_FAILED, f"{url}: {what}, after {_ATTEMPTS} attempts")


def _attempt(url: str, folder: Path) -> Path | int | str:
    """One try: the finished file named by its sha256; else the server's answer, or what went wrong."""
    import httpx  # noqa: PLC0415

    partial = None
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=TIMEOUT_SECONDS) as response:
            if response.status_code != _OK:
                return int(response.status_code)
            handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
            partial = Path(name)
            with os.fdopen(handle, "wb") as stream:
                digest = _receive(response.iter_bytes(), stream, url)
        partial.chmod(0o644)
        partial.replace(folder / digest)
        return folder / digest
    except httpx.InvalidURL as error:
        raise ModelFault(Reason.FILE_MISSING, f"{url}: is no URL ({error})") from error
    except (httpx.HTTPError, TimeoutError) as error:
        return str(error) or type(error).__name__
    except OSError as error:  # httpx has its own errors for the network: this one is about the file
        raise writing_failed(url, error) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _receive(chunks: Iterable[bytes], stream: BinaryIO, url: str) -> str:
    """Write what arrives; returns its sha256. Raises TimeoutError if it takes too long."""
    digest = hashlib.sha256()
    size = 0
    deadline = time.monotonic() + ATTEMPT_SECONDS
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise ModelFault(Reason.ARCHIVE_UNSAFE, f"{url}: is larger than {MAX_BYTES:,} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError(f"took longer than {ATTEMPT_SECONDS:g} seconds")
        digest.update(chunk)
        stream.write(chunk)
    return digest.hexdigest()
