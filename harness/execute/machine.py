"""The machine that cells run on, as far as results can depend on it."""

from __future__ import annotations

import functools
import platform
from pathlib import Path

import psutil

from harness.ledger.record import Machine


def platform_name() -> str:
    """System and architecture, e.g. "Linux x86_64"."""
    return f"{platform.system()} {platform.machine()}"


def machine(*, python: str) -> Machine:
    """This machine; ``python`` is the version of the interpreter that the cell ran in."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        processors=psutil.cpu_count() or 0,
        memory_bytes=psutil.virtual_memory().total,
        python=python,
    )


@functools.cache
def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
