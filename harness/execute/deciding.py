"""What else decides a verdict, as part of every cell's key: code, libraries, how it is called, policy."""

from __future__ import annotations

import functools
import hashlib
from importlib import metadata
from pathlib import Path

import harness
from harness.policy import Policy

# Everything between the files of a model and its verdict. A change here asks every question again.
_CODE = (
    "collection/description.py",
    "collection/format_library.py",
    "collection/scan/*.py",
    "collection/tensors.py",
    "collection/tolerance.py",
    "collection/variants.py",
    "execute/attempt.py",
    "execute/conclude/*.py",
    "execute/isolate/*.py",
    "execute/judge/*.py",
    "execute/launch.py",
    "execute/run_cell.py",
    "execute/stage.py",
    "execute/warm/*.py",
    "execute/workers.py",
    "gpu/gpu.py",
    "gpu/shown.py",
    "policy/bounds.py",
    "policy/match.py",
    "policy/scan.py",
    "verdict.py",
    "worker/**/*.py",
)
_LIBRARIES = (
    "bioimageio.spec",
    "picklescan",
)  # they say which descriptions are valid, which pickles harmless


def deciding_settings(*, threads: int, repeat: int, policy: Policy) -> dict[str, str]:
    """The settings for :func:`harness.cell.cell_key`."""
    repeated = {"repeat": str(repeat)} if repeat > 1 else {}
    return {"code": code_digest(), "threads": str(threads), **repeated, **policy.deciding()}


@functools.cache
def code_digest() -> str:
    """The digest of the code between the files of a model and its verdict."""
    package = Path(harness.__file__).parent
    digest = hashlib.sha256()
    for path in deciding_files():
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for library in _LIBRARIES:
        digest.update(f"{library}=={metadata.version(library)}\0".encode())
    return digest.hexdigest()


def deciding_files() -> list[Path]:
    """The files whose content :func:`code_digest` covers, in the order of their names."""
    package = Path(harness.__file__).parent
    return sorted({path for pattern in _CODE for path in package.glob(pattern)})
