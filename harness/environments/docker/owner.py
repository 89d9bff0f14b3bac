"""Whose containers are: a label names the process that made them, so that others can tell when it is gone."""

from __future__ import annotations

from pathlib import Path

import psutil

LABEL = "bioimage-harness"


def owner() -> str:
    """This process, so that another harness on this machine can tell whether it still runs."""
    me = psutil.Process()
    return f"{_place()}/{me.pid}/{me.create_time()}"


def is_dead(label: str) -> bool:
    """Whether the harness that bears this label has ended. What is not of this machine may well be alive."""
    place, _, process = label.partition("/")
    pid, _, started = process.partition("/")
    if place != _place() or not pid.isdigit():
        return False
    try:
        return str(psutil.Process(int(pid)).create_time()) != started
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def _place() -> str:
    """This start of this machine, and its namespace of process ids."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
