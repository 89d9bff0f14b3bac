"""What the harness needs to know of a description, read once through bioimageio.spec into frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np

from harness.cell import WeightsFormat
from harness.collection import dependencies, facts, format_library, named_files, tolerance
from harness.collection.dependencies import Dependencies
from harness.collection.facts import Architecture, Axes
from harness.collection.fault import ModelFault
from harness.collection.named_files import NamedFile
from harness.collection.tolerance import ToleranceRule
from harness.collection.variants import Planned, Variant, plan_variants
from harness.verdict import Reason

SUPPORTED_FORMATS = ("0.4", "0.5")
_LABEL_WORDS = re.compile(
    r"\b(label(?![ -]?free)|labels|instance|instances)\b(?! (probabilit|score|boundar))", re.IGNORECASE
)
_CLASS_WORDS = re.compile(r"\b(class|classes|category|categories|semantic)\b", re.IGNORECASE)
_NOT_CONVERTED = Planned(
    (),
    "other sizes than the test tensors' are not tested: bioimageio.spec cannot convert this 0.4 description",
)
_TEXT_FIELDS = ("id", "name", "description", "format_version", "type")


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output as described.

    Attributes:
        id: unique within the model.
        axes: one id for each dimension, in order.
        dtype: numpy name of the described data type.
        test_tensor: where its ``.npy`` is named.
        label_map: whether its integers number objects, so that any renumbering is the same answer.
        axis_types: what each axis is: "batch", "channel", "space", "time" or "index".
        channels: the size of the channel axis; None if there is none, or its size is not fixed.
        steps: ids of the pre- or postprocessing steps that its author states, in order.
    """

    id: str
    axes: tuple[str, ...]
    dtype: str
    test_tensor: NamedFile
    label_map: bool = False
    axis_types: tuple[str, ...] = ()
    channels: int | None = None
    steps: tuple[str, ...] = ()


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A valid description.

    Attributes:
        files: everything that it names, the test tensors included.
        variants: the sizes to be tested.
        variants_left_out: in words, which promised sizes are not tested and why; empty if all are.
        dependencies: what weights entries declare that they need.
        architecture: what builds the network of a PyTorch state dict, if it has one.
        config: keys of ``config``, where tools keep what is theirs, sorted.
        links: ids and addresses of notebooks, tools and data sets that the model belongs to.
    """

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
    variants_left_out: str = ""
    dependencies: tuple[Dependencies, ...] = ()
    architecture: Architecture | None = None
    config: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    @property
    def attachments(self) -> tuple[str, ...]:
        """The attached files: paths in the package, or URLs."""
        return tuple(file.source for file in self.files if file.field.startswith("attachments"))

    def files_for(self, weights_format: WeightsFormat) -> tuple[NamedFile, ...]:
        """What a consumer may open to run these weights: the weights, code, attachments; nothing expected."""
        answers = {file.source for file in self.files if file.is_tensor}
        mine = f"weights.{weights_format.value}."
        return tuple(
            file
            for file in self.files
            if file.field.startswith(mine)
            or file.is_processing
            or (file.field.startswith("attachments") and file.source not in answers and not file.is_expected)
        )


class Parsed(NamedTuple):
    """A description, and the library's own model of it: what test tensors are validated with."""

    description: Description
    library_model: Any

    def validate_test_tensors(self, arrays: Mapping[str, np.ndarray[Any, Any]], *, shown: str) -> None:
        """Hold test tensors (by tensor id) against the description. Format 0.4 has no rules for them.

        Raises:
            ModelFault: TEST_TENSOR_INVALID in the words of the format's own library.
        """
        if not self.description.format_version.startswith("0.4"):
            format_library.validate_tensors(self.library_model, arrays, shown=shown)


def parse_description(content: Mapping[str, Any], *, shown: str) -> Parsed:
    """The description in a mapping as read from YAML; ``shown`` is how messages name the file.

    Nothing is opened or downloaded.

    Raises:
        ModelFault: FORMAT_VERSION_UNSUPPORTED, TEST_TENSOR_INVALID (none is named), or DESCRIPTION_INVALID
            with each field that is wrong.
    """
    format_version = _supported_version(content, shown)
    old = format_version.startswith("0.4")
    model = format_library.validated(content, shown=shown)
    latest = format_library.converted(content) if old else model
    planned = plan_variants(latest) if latest is not None else _NOT_CONVERTED
    files = named_files.find(content)
    by_field = {file.field: file for file in files}

    def tensors(side: str, described: Any) -> tuple[Tensor, ...]:
        newest = getattr(model if latest is None else latest, side)
        return tuple(
            _tensor(
                tensor,
                _test_tensor(by_field, side, index, old=old, shown=shown),
                facts.axes_of(newest[index]),
                facts.steps_of(content[side][index]),
            )
            for index, tensor in enumerate(described)
        )

    description = Description(
        id=str(content["id"]) if content.get("id") else None,
        name=str(model.name),
        version=version_of(content),
        format_version=format_version,
        summary=str(model.description or ""),
        license=str(getattr(model.license, "source", model.license) or ""),
        authors=tuple(str(author.name) for author in model.authors),
        tags=tuple(str(tag) for tag in model.tags),
        cover=next((file for file in files if file.field.startswith("covers")), None),
        inputs=tensors("inputs", model.inputs),
        outputs=tensors("outputs", model.outputs),
        weights=tuple(f for f in WeightsFormat if content["weights"].get(f.value) is not None),
        files=files,
        variants=planned.variants,
        variants_left_out=planned.left_out,
        tolerances=tolerance.rules_of(content, shown=shown),
        dependencies=dependencies.find(content),
        architecture=facts.architecture_of(content),
        config=facts.config_of(content),
        links=facts.links_of(content),
    )
    return Parsed(description, model)


def version_of(content: Mapping[str, Any]) -> str:
    """The version that a description states, empty if none."""
    version = content.get("version")
    return str(version) if isinstance(version, (str, int, float)) else ""


def _supported_version(content: Mapping[str, Any], shown: str) -> str:
    for field in _TEXT_FIELDS:
        if not isinstance(content.get(field), (str, type(None))):
            raise ModelFault(
                Reason.DESCRIPTION_INVALID, f"{shown}: field {field}: {content[field]!r:.100} is no text"
            )
    version = content.get("format_version")
    if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+(\.\d+)?", version):
        what = f"{version!r:.100} is no version" if version else "is missing"
        raise ModelFault(
            Reason.DESCRIPTION_INVALID,
            f"{shown}: field format_version: {what}; write for example 0.5.7",
        )
    if not version.startswith(tuple(f"{supported}." for supported in SUPPORTED_FORMATS)):
        raise ModelFault(
            Reason.FORMAT_VERSION_UNSUPPORTED,
            f"{shown}: field format_version: {version} is not supported; use 0.4 or 0.5",
        )
    if content.get("type", "model") != "model":
        raise ModelFault(
            Reason.DESCRIPTION_INVALID,
            f"{shown}: field type: is {content['type']!r:.100}, only models are tested",
        )
    return version


def _tensor(tensor: Any, test_tensor: NamedFile, axes: Axes, steps: tuple[str, ...]) -> Tensor:
    """From a tensor of format 0.5, or of 0.4 with ``name``, ``data_type`` and one letter for each axis."""
    new = hasattr(tensor, "dtype")
    name = str(tensor.id if new else tensor.name)
    dtype = str(np.dtype(tensor.dtype if new else tensor.data_type))
    return Tensor(
        id=name,
        axes=tuple(str(axis.id if new else axis) for axis in tensor.axes),
        dtype=dtype,
        test_tensor=test_tensor,
        label_map=np.dtype(dtype).kind in "iu" and _numbers_objects(name, tensor),
        axis_types=axes.axis_types,
        channels=axes.channels,
        steps=steps,
    )


def _numbers_objects(name: str, tensor: Any) -> bool:
    """Whether id and description speak of labels or instances, and nothing of classes.

    The number of a class has a meaning, that of an object has none: only objects may be renumbered. Data with
    listed values are classes, too.
    """
    words = re.sub(r"[_-]", " ", f"{name} {tensor.description or ''}")
    listed = hasattr(getattr(tensor, "data", None), "values")
    return bool(_LABEL_WORDS.search(words)) and not _CLASS_WORDS.search(words) and not listed


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
