"""Download by sha256 into a content-addressed cache that runs share."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from harness.collection.fault import ModelFault
from harness.verdict import Reason

MAX_BYTES = 8 * 1024**3
_ATTEMPTS = 3
_TIMEOUT_SECONDS = 30.0
_GONE = (404, 410)


def cache_folder() -> Path:
    """Where downloads are kept: ``$HARNESS_CACHE_DIR/files``, or the user's cache folder."""
    import platformdirs  # noqa: PLC0415  only where something is fetched

    chosen = os.environ.get("HARNESS_CACHE_DIR")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("bioimage-harness")) / "files"


def download(url: str, *, sha256: str | None = None) -> Path:
    """The local copy of a URL. A copy with the stated sha256 is never fetched twice.

    Raises:
        ModelFault: FILE_MISSING (404 or 410), SHA256_MISMATCH, or DOWNLOAD_FAILED after three attempts.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ModelFault(Reason.FILE_MISSING, f"{url}: only http and https are fetched")
    folder = cache_folder()
    if sha256 and (folder / sha256).is_file():
        return folder / sha256
    folder.mkdir(parents=True, exist_ok=True)
    failure = ""
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt)  # 0, 1, 2 seconds: a server that is busy gets time
        path, failure = _attempt(url, folder)
        if path is not None:
            return _verified(path, url, sha256)
    raise ModelFault(Reason.DOWNLOAD_FAILED, f"{url}: {failure}, {_ATTEMPTS} times")


def _attempt(url: str, folder: Path) -> tuple[Path | None, str]:
    """One try: the finished file named by its sha256, or what went wrong if another try makes sense."""
    import httpx  # noqa: PLC0415

    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
    try:
        with (
            os.fdopen(handle, "wb") as stream,
            httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT_SECONDS) as response,
        ):
            if response.status_code in _GONE:
                raise ModelFault(
                    Reason.FILE_MISSING, f"{url}: the server has no such file ({response.status_code})"
                )
            if response.is_error:
                return None, f"the server answered {response.status_code}"
            for chunk in response.iter_bytes():
                digest.update(chunk)
                stream.write(chunk)
                if stream.tell() > MAX_BYTES:
                    raise ModelFault(Reason.ARCHIVE_UNSAFE, f"{url}: is larger than {MAX_BYTES:,} bytes")
        final = folder / digest.hexdigest()
        Path(name).replace(final)
        return final, ""
    except httpx.HTTPError as error:
        return None, str(error) or type(error).__name__
    finally:
        Path(name).unlink(missing_ok=True)


def _verified(path: Path, url: str, sha256: str | None) -> Path:
    if sha256 and path.name != sha256:
        raise ModelFault(
            Reason.SHA256_MISMATCH, f"{url}: has sha256 {path.name}, the description states {sha256}"
        )
    return path
