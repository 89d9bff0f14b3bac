"""What tools look at to tell whether they open a model, beside its weights: plain facts of a description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

_TYPE_OF_LETTER = {"b": "batch", "i": "index", "t": "time", "c": "channel", "z": "space"}
_STATE_DICT = "pytorch_state_dict"


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """The class or function that builds the network of a PyTorch state dict.

    Attributes:
        callable: its name.
        source: the file of the package that defines it, empty if it comes from a module.
        module: the module that it is imported from, empty if it comes from a file.
    """

    callable: str
    source: str = ""
    module: str = ""


class Axes(NamedTuple):
    """Of one tensor: see the fields of these names of ``description.Tensor``."""

    axis_types: tuple[str, ...]
    channels: int | None


def axes_of(tensor: Any) -> Axes:
    """From a tensor of the format library; those of 0.4 have one letter for each axis."""
    if isinstance(tensor.axes, str):
        types = tuple(_TYPE_OF_LETTER.get(letter, "space") for letter in tensor.axes)
        channels = None
        if "channel" in types and isinstance(tensor.shape, (list, tuple)):
            channels = int(tensor.shape[types.index("channel")])
        return Axes(types, channels)
    names = next((axis.channel_names for axis in tensor.axes if axis.type == "channel"), None)
    return Axes(tuple(str(axis.type) for axis in tensor.axes), None if names is None else len(names))


def steps_of(tensor: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the pre- or postprocessing steps that a tensor of a valid description states, in order."""
    steps = tensor.get("preprocessing") or tensor.get("postprocessing") or ()
    return tuple(str(step.get("id") or step.get("name")) for step in steps)  # format 0.5, 0.4


def architecture_of(content: Mapping[str, Any]) -> Architecture | None:
    """Of a valid description; None if it has no PyTorch state dict, or one of format 0.4 without."""
    entry = (content.get("weights") or {}).get(_STATE_DICT) or {}
    stated = entry.get("architecture")
    if isinstance(stated, Mapping):
        return Architecture(
            callable=str(stated["callable"]),
            source=str(stated.get("source") or ""),
            module=str(stated.get("import_from") or ""),
        )
    if not isinstance(stated, str):
        return None
    source, colon, name = stated.rpartition(":")  # format 0.4: "file.py:Class", else "package.module.Class"
    if colon:
        return Architecture(callable=name, source=source)
    module, _, name = stated.rpartition(".")
    return Architecture(callable=name, module=module)


def config_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of ``config``, where tools keep what is theirs, sorted; those without a value left out."""
    return tuple(
        sorted(str(key) for key, value in (content.get("config") or {}).items() if value is not None)
    )


def links_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids and addresses of what the model belongs to: notebooks, tools, data sets."""
    return tuple(str(link) for link in content.get("links") or ())
