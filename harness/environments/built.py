"""An environment that is ready, and the clean variables that everything inside it runs with."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.cell import EnvironmentRef

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
# A network frees and allocates the same megabytes in each layer. By default glibc gives them back to the
# system every time and has each page made anew: a fourth of the time of a small U-Net.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2), "MALLOC_TRIM_THRESHOLD_": str(256 * 1024**2)}


class BuiltEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that passed its health check.

    Attributes:
        ref: its name in cells and records.
        prefix: its folder; nothing writes into it any more.
        python: its interpreter, to be started with :func:`run_variables`; a path in ``image``, if it has one.
        python_version: full version, "3.11.9".
        packages: what is installed, name to version.
        variables: what its specification sets.
        seconds: wall time of the build, whenever that was.
        size_bytes: its files, whether or not they share blocks with a cache.
        log: complete output of the build.
        fresh: whether it was built by this call.
        image: name of the image that it is in; then ``prefix`` holds no more than what is known of it.
    """

    ref: EnvironmentRef
    prefix: Path
    python: Path
    python_version: str
    packages: dict[str, str]
    variables: dict[str, str]
    seconds: float
    size_bytes: int
    log: Path
    fresh: bool
    image: str | None = None


def run_variables(built: BuiltEnvironment, *, threads: int) -> dict[str, str]:
    """All environment variables for running something inside; nothing of the caller's leaks in.

    HOME and TMPDIR are not among them: whoever runs something decides where it may write.

    Args:
        threads: for every library that computes. Results differ in the last digits with it.
    """
    return variables_for(built.python, built.variables, threads=threads)


def variables_for(python: Path, variables: dict[str, str], *, threads: int) -> dict[str, str]:
    """See :func:`run_variables`; also for an environment that is not ready yet."""
    return {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        **_MEMORY,
        **dict.fromkeys(_THREADS, str(threads)),
        **variables,
    }
