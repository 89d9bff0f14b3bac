"""The one door to bioimageio.spec, the description format's own library (2 s to import)."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from harness.collection.fault import ModelFault
from harness.verdict import Reason

_MAX_FIELDS_SHOWN = 6
_MAX_ALTERNATIVES_SHOWN = 3
_LONGEST_MESSAGE = 160
_FIELD = re.compile(r"[a-z][a-z0-9_]*")


def validated(content: Mapping[str, Any], *, shown: str) -> Any:
    """The library's model of a description, of the format version (0.4 or 0.5) that it is written in.

    Nothing is opened or downloaded.

    Raises:
        ModelFault: DESCRIPTION_INVALID with each field that is wrong.
    """
    described = _build(content, "discover")
    if isinstance(described, _library().InvalidDescr):
        raise ModelFault(Reason.DESCRIPTION_INVALID, f"{shown}: {_errors(described, content)}")
    return described


def converted(content: Mapping[str, Any]) -> Any | None:
    """A valid 0.4 description as the library's 0.5 model; None for the few that it cannot convert."""
    described = _build(content, "latest")
    return None if isinstance(described, _library().InvalidDescr) else described


def validate_tensors(model: Any, arrays: Mapping[str, np.ndarray[Any, Any]], *, shown: str) -> None:
    """Hold test tensors (by tensor id) against the library's model of format 0.5.

    Raises:
        ModelFault: TEST_TENSOR_INVALID in the words of the library.
    """
    from bioimageio.spec.model import v0_5  # noqa: PLC0415

    try:
        v0_5.validate_tensors(
            {tensor.id: (tensor, arrays[tensor.id]) for tensor in (*model.inputs, *model.outputs)},
            tensor_origin="test_tensor",
            pad_inputs="allow",
            crop_outputs="allow",
        )
    except ValueError as error:
        raise ModelFault(Reason.TEST_TENSOR_INVALID, f"{shown}: {_first_line(str(error))}") from error
    except RuntimeError as error:  # bioimageio.spec 0.5.12 loses its words about a size that is not allowed
        problems = "; ".join(_wrong_sizes(model, arrays))
        if not problems:
            raise
        raise ModelFault(Reason.TEST_TENSOR_INVALID, f"{shown}: {problems}") from error


def _wrong_sizes(model: Any, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Iterator[str]:
    for side in ("inputs", "outputs"):
        for tensor in getattr(model, side):
            for axis, size in zip(tensor.axes, arrays[tensor.id].shape, strict=True):
                try:
                    if hasattr(axis.size, "validate_size"):
                        axis.size.validate_size(size)
                except ValueError as error:
                    yield f"{side}[{tensor.id}].axes[{axis.id}]: test_tensor has {error}"


def _build(content: Mapping[str, Any], format_version: str) -> Any:
    library = _library()
    context = library.ValidationContext(perform_io_checks=False, log_warnings=False)
    with context, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about style and conversion; errors are what counts here
        return library.build_description(_plain(content), context=context, format_version=format_version)


@functools.cache
def _library() -> Any:
    """bioimageio.spec, without the log lines that it would write between our progress."""
    import bioimageio.spec  # noqa: PLC0415
    from loguru import logger  # noqa: PLC0415

    logger.remove()
    return bioimageio.spec


def _errors(described: Any, content: Mapping[str, Any]) -> str:
    """The wrong fields with what is wrong; what the alternatives of a union say is joined."""
    seen: dict[str, list[str]] = {}
    for detail in described.validation_summary.details:
        for error in detail.errors:
            messages = seen.setdefault(_field(error.loc, content) or "(whole description)", [])
            message = _first_line(error.msg).removeprefix("Value error, ")
            if message not in messages:
                messages.append(message)
    parts = [
        f"field {field}: {' / '.join(messages[:_MAX_ALTERNATIVES_SHOWN])}"
        for field, messages in list(seen.items())[:_MAX_FIELDS_SHOWN]
    ]
    more = len(seen) - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _field(loc: tuple[int | str, ...], content: Any) -> str:
    """Where in the description an error is: ``inputs[0].axes[2].size``, without the library's own types."""
    name, missing, node = "", "", content
    for part in loc:
        if isinstance(part, int) and isinstance(node, list) and part < len(node):
            name, node, missing = f"{name}[{part}]", node[part], ""
        elif isinstance(node, Mapping) and part in node:
            name, node, missing = f"{name}.{part}", node[part], ""
        elif isinstance(node, Mapping) and _FIELD.fullmatch(str(part)):
            missing = f".{part}"  # what is not there, or the tag of a union that another part follows
    return (name + missing).lstrip(".")


def _first_line(text: str) -> str:
    line = (text.splitlines() or [""])[0]
    return line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + "…"


def _plain(value: Any) -> Any:
    """A deep copy without shared parts, since the library edits what it is given."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
