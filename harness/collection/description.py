"""What the harness needs to know of a description, read once through bioimageio.spec into frozen values."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from harness.cell import WeightsFormat
from harness.collection import named_files, tolerance
from harness.collection.fault import ModelFault
from harness.collection.named_files import NamedFile
from harness.collection.tolerance import ToleranceRule
from harness.collection.variants import Variant, plan_variants
from harness.verdict import Reason

SUPPORTED_FORMATS = ("0.4", "0.5")
_MAX_ERRORS_SHOWN = 6
_LABEL_WORDS = re.compile(r"\b(label|labels|instance|instances)\b", re.IGNORECASE)


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output as described.

    Attributes:
        id: unique within the model.
        axes: one id for each dimension, in order.
        dtype: numpy name of the described data type.
        test_tensor: where its ``.npy`` is named.
        label_map: whether its integers number objects, so that any renumbering is the same answer.
    """

    id: str
    axes: tuple[str, ...]
    dtype: str
    test_tensor: NamedFile
    label_map: bool = False


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A valid description. ``files`` is everything that it names, the test tensors included."""

    id: str | None
    name: str
    version: str
    format_version: str
    summary: str
    license: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    cover: NamedFile | None
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    weights: tuple[WeightsFormat, ...]
    files: tuple[NamedFile, ...]
    variants: tuple[Variant, ...]
    tolerances: tuple[ToleranceRule, ...]

    def files_for(self, weights_format: WeightsFormat) -> tuple[NamedFile, ...]:
        """What a consumer needs to load these weights: the weights, their code, no test tensor."""
        mine = f"weights.{weights_format.value}."
        return tuple(
            file for file in self.files if file.field.startswith(mine) or file.field.startswith("packages.")
        )


def parse_description(content: Mapping[str, Any], *, shown: str) -> Description:
    """The description in a mapping as read from YAML; ``shown`` is how messages name the file.

    Nothing is opened or downloaded.

    Raises:
        ModelFault: FORMAT_VERSION_UNSUPPORTED, or DESCRIPTION_INVALID with each field that is wrong.
    """
    format_version = _supported_version(content, shown)
    model = _validated(content, shown)
    latest = _converted(content) if format_version.startswith("0.4") else model
    files = named_files.find(content)
    by_field = {file.field: file for file in files}
    old = format_version.startswith("0.4")

    def tensors(side: str, described: Any) -> tuple[Tensor, ...]:
        return tuple(
            _tensor(tensor, _test_tensor(by_field, side, index, old=old, shown=shown))
            for index, tensor in enumerate(described)
        )

    return Description(
        id=str(content["id"]) if content.get("id") else None,
        name=str(model.name),
        version=str(content.get("version") or ""),
        format_version=format_version,
        summary=str(model.description or ""),
        license=str(model.license or ""),
        authors=tuple(str(author.name) for author in model.authors),
        tags=tuple(str(tag) for tag in model.tags),
        cover=next((file for file in files if file.field.startswith("covers")), None),
        inputs=tensors("inputs", model.inputs),
        outputs=tensors("outputs", model.outputs),
        weights=tuple(format_ for format_ in WeightsFormat if format_.value in (content["weights"] or {})),
        files=files,
        variants=plan_variants(latest) if latest is not None else (),
        tolerances=tolerance.rules_of(content),
    )


def validate_test_tensors(
    content: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]], *, shown: str
) -> None:
    """Hold test tensors (by tensor id) against a description that has been parsed before.

    Raises:
        ModelFault: TEST_TENSOR_INVALID in the words of the format's own library.
    """
    from bioimageio.spec.model.v0_5 import validate_tensors  # noqa: PLC0415

    model = _validated(content, shown)
    try:
        validate_tensors(
            {tensor.id: (tensor, arrays[tensor.id]) for tensor in (*model.inputs, *model.outputs)},
            tensor_origin="test_tensor",
            pad_inputs="allow",
            crop_outputs="allow",
        )
    except ValueError as error:
        raise ModelFault(Reason.TEST_TENSOR_INVALID, f"{shown}: {error}") from error


def _supported_version(content: Mapping[str, Any], shown: str) -> str:
    version = content.get("format_version")
    if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+(\.\d+)?", version):
        raise ModelFault(
            Reason.DESCRIPTION_INVALID,
            f"{shown}: field format_version: {version!r} is no version such as 0.5.4",
        )
    if not version.startswith(tuple(f"{supported}." for supported in SUPPORTED_FORMATS)):
        raise ModelFault(
            Reason.FORMAT_VERSION_UNSUPPORTED,
            f"{shown}: field format_version: {version} is not supported; use 0.4 or 0.5",
        )
    if content.get("type", "model") != "model":
        raise ModelFault(
            Reason.DESCRIPTION_INVALID, f"{shown}: field type: is {content['type']!r}, only models are tested"
        )
    return version


def _validated(content: Mapping[str, Any], shown: str) -> Any:
    """The description as bioimageio.spec's model of the format version that it is written in."""
    described = _build(content, "discover")
    if isinstance(described, _spec_library().InvalidDescr):
        raise ModelFault(Reason.DESCRIPTION_INVALID, f"{shown}: {_errors(described)}")
    return described


def _converted(content: Mapping[str, Any]) -> Any | None:
    """A valid 0.4 description as v0.5 model; None for the few that the library cannot convert."""
    described = _build(content, "latest")
    return None if isinstance(described, _spec_library().InvalidDescr) else described


def _build(content: Mapping[str, Any], format_version: str) -> Any:
    spec = _spec_library()
    context = spec.ValidationContext(perform_io_checks=False, log_warnings=False)
    with context, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about style and conversion; errors are what counts here
        return spec.build_description(_plain(content), context=context, format_version=format_version)


@functools.cache
def _spec_library() -> Any:
    """bioimageio.spec (2 s to import), without the log lines that it would write between our progress."""
    import bioimageio.spec  # noqa: PLC0415
    from loguru import logger  # noqa: PLC0415

    logger.remove()
    return bioimageio.spec


def _errors(described: Any) -> str:
    """The wrong fields with what is wrong, without the alternatives of unions that say the same."""
    seen: dict[str, str] = {}
    for detail in described.validation_summary.details:
        for error in detail.errors:
            field = ".".join(str(part) for part in error.loc) or "(whole description)"
            seen.setdefault(field, error.msg.splitlines()[0])
    shown = [f"field {field}: {message}" for field, message in list(seen.items())[:_MAX_ERRORS_SHOWN]]
    more = len(seen) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _tensor(tensor: Any, test_tensor: NamedFile) -> Tensor:
    """From a tensor of format 0.5, or of 0.4 with its ``name``, ``data_type`` and one letter for each axis."""
    new = hasattr(tensor, "dtype")
    name = str(tensor.id if new else tensor.name)
    dtype = str(np.dtype(tensor.dtype if new else tensor.data_type))
    words = re.sub(r"[_-]", " ", f"{name} {tensor.description or ''}")
    return Tensor(
        id=name,
        axes=tuple(str(axis.id if new else axis) for axis in tensor.axes),
        dtype=dtype,
        test_tensor=test_tensor,
        label_map=np.dtype(dtype).kind in "iu" and bool(_LABEL_WORDS.search(words)),
    )


def _test_tensor(
    by_field: Mapping[str, NamedFile], side: str, index: int, *, old: bool, shown: str
) -> NamedFile:
    field = f"test_{side}[{index}]" if old else f"{side}[{index}].test_tensor"
    try:
        return by_field[field]
    except KeyError:
        raise ModelFault(
            Reason.TEST_TENSOR_INVALID,
            f"{shown}: field {field}: is missing; name the .npy with the test tensor",
        ) from None


def _plain(value: Any) -> Any:
    """A deep copy without shared parts, since the library edits what it is given."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
