"""What every runner on PyTorch needs of it: seeds and threads, what weights import, torchvision."""

from __future__ import annotations

import os
from typing import Any

from ..protocol import Job

_OPERATORS = ("nms", "qnms")
_ARGUMENTS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_keep: list[Any] = []  # a library that is collected takes its operators along


def fix(job: Job) -> None:
    """Fix seeds and the number of threads.

    As bioimageio.core's ``enable_determinism("seed_only")``, without what would import torch's compiler for
    nothing. That takes a second. Core also says that algorithms need not be deterministic: the default.
    """
    import numpy
    import torch

    torch.set_num_threads(job.threads)
    numpy.random.seed(0)
    torch.default_generator.manual_seed(0)


def hide_devices(job: Job) -> None:
    """Leave no GPU in sight of a tool that takes one whenever there is one, if the job is for the CPU.

    It has an effect until the first use of a GPU.
    """
    if job.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def needs(job: Job) -> list[str]:
    """What ``torch.load(..., weights_only=True)`` would refuse to import."""
    if job.weights_format != "pytorch_state_dict":
        return []
    from torch import serialization

    try:
        return sorted(serialization.get_unsafe_globals_in_checkpoint(job.weights))
    except Exception:  # before torch 2.5; files of torch before 1.6, and damaged ones: loading tells
        return []


def import_torchvision() -> None:
    """Import torchvision also where it was built for another torch than the one that is installed.

    The package index has torchvision with CUDA alone. With torch for CPU its operators cannot be loaded, and
    then it cannot be imported, since it describes them. They are declared here: everything else works, and
    a call of one says that it has no implementation.
    """
    import torch

    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        library = torch.library.Library("torchvision", "FRAGMENT")
        _keep.append(library)
        for operator in _OPERATORS:
            library.define(operator + _ARGUMENTS)
        import torchvision  # noqa: F401
