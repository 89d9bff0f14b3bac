"""Weights files of torch networks: state dict, TorchScript, ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfile

import torch
from onnx import load, save
from torch import Tensor, nn

from tools.collection.files import Json, drop_entries

PYTORCH_VERSION = "2.13.0"
OPSET = 18
"""The ONNX operator set: the oldest that the exporter writes without conversion."""


def state_dict(network: nn.Module, folder: Path, architecture: Mapping[str, Json]) -> dict[str, Json]:
    """Writes ``weights_state_dict.pt``; returns its weights entry for format 0.5."""
    torch.save(network.state_dict(), folder / "weights_state_dict.pt")
    return {
        "source": "weights_state_dict.pt",
        "architecture": architecture,
        "pytorch_version": PYTORCH_VERSION,
    }


def architecture_file(
    folder: Path, network: str, *, source: str = "unet2d.py", **kwargs: Json
) -> dict[str, Json]:
    """Copies ``source`` into the package; returns the architecture entry of its class ``network``."""
    copyfile(Path(__file__).parent / "architectures" / source, folder / source)
    return {"source": source, "callable": network, "kwargs": kwargs}


def torchscript(network: nn.Module, folder: Path) -> dict[str, Json]:
    """Writes ``weights_torchscript.pt``, scripted because tracing freezes sizes; returns its entry."""
    path = folder / "weights_torchscript.pt"
    torch.jit.script(network).save(str(path))  # type: ignore[no-untyped-call]
    # source positions for error messages: not needed to run, and they name folders of this computer
    drop_entries(path, ".debug_pkl")
    return {"source": "weights_torchscript.pt", "pytorch_version": PYTORCH_VERSION}


def onnx(
    network: nn.Module,
    folder: Path,
    *,
    images: Sequence[Tensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
    free: Mapping[int, str],
) -> dict[str, Json]:
    """Writes ``weights.onnx`` as one file; returns its weights entry.

    Args:
        images: one example for each input, with all axes.
        inputs, outputs: names of the tensors.
        free: axes whose size is free, by index, with a name for the size; sizes of one name are equal.
    """
    torch.onnx.export(
        network,
        tuple(images),
        folder / "weights.onnx",
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes=tuple(dict(free) for _ in images),
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    _tidy(folder / "weights.onnx", free)
    return {"source": "weights.onnx", "opset_version": OPSET}


def _tidy(path: Path, free: Mapping[int, str]) -> None:
    """Removes the exporter's notes, and its arithmetic on sizes in favour of the inputs' names for them.

    The notes are stack traces, which name folders of this computer.
    """
    model = load(path)
    for noted in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del noted.metadata_props[:]
        noted.doc_string = ""
    for output in model.graph.output:
        for axis, name in free.items():
            output.type.tensor_type.shape.dim[axis].dim_param = name
    save(model, path)
