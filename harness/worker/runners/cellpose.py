"""Cellpose 3: its own network class reads the weights out of a package, and computes the declared outputs."""

from __future__ import annotations

import time
from typing import Any

from ..protocol import Job, ToldError, ToolError
from . import arrays, torch_framework


def warm() -> None:
    """Import Cellpose's networks, and torch with them."""
    import cellpose.resnet_torch  # noqa: F401
    import torch.utils.serialization.config  # noqa: F401  # torch imports it once it opens a file


def prepare(job: Job) -> None:
    """Import Cellpose's networks and fix seeds and the number of threads."""
    try:
        from cellpose.resnet_torch import CPnetBioImageIO  # noqa: F401
    except ImportError as error:
        message = "Cellpose has no cellpose.resnet_torch.CPnetBioImageIO, which its adapter calls"
        raise ToolError(message) from error
    torch_framework.fix(job)


def needs(job: Job) -> list[str]:
    """What the state dict would import."""
    return torch_framework.needs(job)


class _Loaded:
    """The network, the device that it is on, and the ids of the described outputs."""

    def __init__(self, network: Any, device: Any, outputs: list[str]) -> None:
        self.network = network
        self.device = device
        self.outputs = outputs


def load(job: Job) -> _Loaded:
    """The network with the described arguments, and the weights as ``load_model`` of Cellpose reads them."""
    import torch
    import yaml
    from cellpose.resnet_torch import CPnetBioImageIO

    with open(job.description, encoding="utf-8") as stream:
        described = yaml.safe_load(stream)
    entry = described["weights"][job.weights_format]
    stated = entry.get("architecture")
    kwargs = (stated if isinstance(stated, dict) else entry).get("kwargs") or {}  # format 0.5, else 0.4
    device = torch.device(job.device)
    try:
        network = CPnetBioImageIO(**kwargs)
    except TypeError as error:  # the description's arguments are not the network's
        raise ToldError("TypeError", str(error)) from error
    network.load_model(job.weights, device=device)
    outputs = [str(output.get("id") or output.get("name")) for output in described["outputs"]]
    return _Loaded(network.to(device).eval(), device, outputs)


def predict(
    loaded: _Loaded,
    inputs: list[str],
    folder: str,
    padding: bool,
) -> tuple[list[dict[str, Any]], float]:
    """What the network answers: flows, then style and the features of each level as far as described."""
    import torch

    images = [torch.from_numpy(array).to(loaded.device) for array in arrays.read(inputs)]
    clock = time.perf_counter()
    with torch.no_grad():
        answers = loaded.network(*images)
    seconds = time.perf_counter() - clock
    produced = [(name, answer.cpu().numpy()) for name, answer in zip(loaded.outputs, answers)]
    return arrays.write(produced, folder), seconds
