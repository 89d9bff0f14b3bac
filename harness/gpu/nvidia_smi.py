"""Ask the driver, through NVIDIA's own program: a process, since a GPU that is lost can hang it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness import proc
from harness.gpu.gpu import Gpu, Gpus
from harness.limits import LOG_BYTES, Limits

SECONDS = 30.0  # a driver that was not in use loads its firmware first
_WSL = "/usr/lib/wsl/lib"
_NEEDED = ("index", "uuid", "name", "driver_version", "memory.total", "memory.free", "pci.bus_id")
# Older drivers do not know all of these, and then answer nothing at all.
_FURTHER = (
    "compute_cap",
    "compute_mode",
    "ecc.errors.uncorrected.volatile.total",
    "retired_pages.pending",
    "mig.mode.current",
)
_UNKNOWN_FIELD = re.compile(r'Field "[^"]*" is not a valid field to query')
_MIB = 1024**2
_NOT_TOLD = re.compile(r"\[(N/A|Not Supported|Not Found|Insufficient Permissions)\]|N/A|")
_BROKEN = re.compile(r"\[(?P<what>Unknown Error|GPU requires reset|GPU is lost)\]")


def ask(environ: Mapping[str, str] = os.environ) -> Gpus:
    """All GPUs that the driver tells of."""
    places = os.pathsep.join((environ.get("PATH") or os.defpath, _WSL))
    program = shutil.which("nvidia-smi", path=places)
    if program is None:
        return Gpus(why_none="there is no NVIDIA driver here (no program nvidia-smi)")
    try:
        told = _call(program, (*_NEEDED, *_FURTHER))
        if _UNKNOWN_FIELD.search(told):
            told = _call(program, _NEEDED)
    except OSError as error:
        return Gpus(why_none=f"{program} cannot be started ({error.strerror})")
    return parse(told)


def parse(told: str) -> Gpus:
    """What the program printed, whether it is the table that was asked for or an error.

    Its table has no names of columns: it has as many as were asked for, the needed ones or all.
    """
    rows = ([field.strip() for field in line.split(",")] for line in told.splitlines())
    found = tuple(filter(None, map(_gpu, rows)))
    if not found:
        said = " ".join(told.split()).rstrip(".") or "it says nothing"
        return Gpus(why_none=f"nvidia-smi finds no GPU: {said}")
    return Gpus(found=found)


def _call(program: str, fields: tuple[str, ...]) -> str:
    """What it prints."""
    with tempfile.TemporaryDirectory(prefix="harness-gpu-") as folder:
        log = Path(folder, "log")
        ended = proc.run(
            [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"],
            log=log,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            cwd=Path("/"),
            limits=Limits(seconds=SECONDS, log_bytes=LOG_BYTES),
        )
        if ended.limit == "seconds":
            return f"it did not answer within {SECONDS:.0f} s, as where a GPU hangs"
        return log.read_text("utf-8", errors="replace")


def _gpu(row: list[str]) -> Gpu | None:
    """The GPU of a row; None for a line that is none."""
    names = (*_NEEDED, *_FURTHER)
    if len(row) not in {len(_NEEDED), len(names)} or not row[0].isdecimal():
        return None
    told = dict(zip(names, row, strict=False))
    return Gpu(
        index=int(told["index"]),
        uuid=told["uuid"],
        name=told["name"],
        driver=told["driver_version"],
        compute_capability=_plain(told.get("compute_cap", "")),
        memory_bytes=_number(told["memory.total"]) * _MIB,
        free_bytes=_number(told["memory.free"]) * _MIB,
        bus_id=_plain(told["pci.bus_id"]),
        trouble="; ".join(_troubles(told)),
    )


def _troubles(told: Mapping[str, str]) -> Iterator[str]:
    if broken := next(filter(None, map(_BROKEN.search, told.values())), None):
        yield f"the driver says: {broken['what']}"
    if not told["uuid"].startswith("GPU-"):
        yield "the driver tells no UUID of it"
    if told.get("compute_mode") == "Prohibited":
        yield "its compute mode is Prohibited (nvidia-smi --compute-mode=0 allows it)"
    if errors := _number(told.get("ecc.errors.uncorrected.volatile.total", "")):
        yield f"its memory has {errors} uncorrected errors since the driver was loaded"
    if told.get("retired_pages.pending") == "Yes":
        yield "pages of its memory are to be retired: it needs a reset"
    if told.get("mig.mode.current") == "Enabled":
        yield "it is divided (MIG), and cells run on whole GPUs alone"


def _plain(text: str) -> str:
    return "" if _NOT_TOLD.fullmatch(text) or _BROKEN.fullmatch(text) else text


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
