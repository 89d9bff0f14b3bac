"""Which GPUs cells may run on."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping

import msgspec

from harness.gpu import nvidia_smi
from harness.gpu.gpu import Gpu, Gpus

VISIBLE = "CUDA_VISIBLE_DEVICES"


@functools.cache
def gpus() -> Gpus:
    """The GPUs of this machine, asked for once in the life of this process.

    What CUDA_VISIBLE_DEVICES leaves out is not ours: a scheduler has given it to somebody else.
    """
    return explained(ours(nvidia_smi.ask(), os.environ))


def ours(every: Gpus, environ: Mapping[str, str]) -> Gpus:
    """Those that CUDA_VISIBLE_DEVICES names, by UUID or by nvidia-smi's index; all if it is not set."""
    asked = environ.get(VISIBLE)
    if asked is None or not every.found:
        return every
    names: list[str] = []
    for name in (part.strip() for part in asked.split(",")):
        if not any(_is(gpu, name) for gpu in every.found):
            break  # as for CUDA: what follows a name that is none does not count
        names.append(name)
    found = tuple(gpu for gpu in every.found if any(_is(gpu, name) for name in names))
    if not found:
        return Gpus(why_none=f"{VISIBLE} is {asked!r}, which names no GPU of this machine")
    return Gpus(found=found)


def explained(every: Gpus) -> Gpus:
    """The same with the reason if none can be used."""
    if every.usable or not every.found:
        return every
    why = "; ".join(f"{gpu.words}: {gpu.trouble}" for gpu in every.found)
    return msgspec.structs.replace(every, why_none=f"no GPU can be used: {why}")


def _is(gpu: Gpu, name: str) -> bool:
    return name == str(gpu.index) or (name.startswith("GPU-") and gpu.uuid.startswith(name))
