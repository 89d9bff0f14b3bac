"""The folder where runs share what they downloaded or unpacked, named by sha256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from harness import paths
from harness.collection.fault import ModelFault
from harness.errors import OutputError, disk_is_full
from harness.verdict import Reason


def cache_folder_for(kind: str) -> Path:
    """The folder for "files" or "packages", made if need be.

    Raises:
        OutputError: it cannot be written.
    """
    folder = paths.cache_folder() / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(dir=folder, prefix=".part-")
        os.close(handle)
        Path(probe).unlink()
    except OSError as error:
        raise OutputError(
            f"{folder}: the cache cannot be written there ({error.strerror}); "
            "free space, or set HARNESS_CACHE_DIR to a folder that can be written"
        ) from error
    return folder


def writing_failed(what: str, error: OSError) -> ModelFault:
    """The fault of a model of which ``what`` could not be written: no space, or else the harness's own."""
    return ModelFault(
        Reason.DISK_FULL if disk_is_full(error) else Reason.INTERNAL_ERROR,
        f"{what}: cannot be written to the cache ({error.strerror or error})",
    )


def file_sha256(path: Path) -> str:
    """The sha256 (hex) of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
