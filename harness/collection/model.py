"""One model, read whole: description, files by sha256, test tensors; or the fault that stands in the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from harness import jsonio
from harness.cell import ModelRef
from harness.collection import fetch, package, tensors
from harness.collection.description import Description, Tensor, parse_description, validate_test_tensors
from harness.collection.description_yaml import FILE_NAMES, read_description
from harness.collection.fault import ModelFault
from harness.collection.files import Located, hash_files
from harness.collection.index import Found
from harness.verdict import Reason


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be tested.

    Attributes:
        ref: its identity; the sha256 covers description and files.
        description_path: the description's file on this machine.
        paths: every named file on this machine, by the source that names it.
    """

    ref: ModelRef
    description: Description
    description_path: Path
    paths: dict[str, Path]

    def test_tensor(self, tensor: Tensor) -> tensors.Array:
        """The declared test tensor of an input or output, memory-mapped."""
        return tensors.open_tensor(self.paths[tensor.test_tensor.source], tensor)


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A model that cannot be tested, with the reason; it still gets one record."""

    ref: ModelRef
    reason: Reason
    message: str


def read_models(
    found: Iterable[Found], *, on_model: Callable[[str], None] = lambda _source: None
) -> list[Model | Unreadable]:
    """Read every model; ``on_model`` is called with each source before it is read.

    Two models with one id and version make both unreadable: their verdicts could not be told apart.
    """
    models: list[Model | Unreadable] = []
    for place in found:
        on_model(place.source)
        models.append(read_model(place))
    return _refuse_twins(models)


def read_model(found: Found) -> Model | Unreadable:
    """Read one model; whatever is wrong with it comes back as a value."""
    content: dict[str, Any] = {}
    digest = ""
    try:
        path, located = _locate(found)
        content = read_description(path, shown=path.name)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        description = parse_description(content, shown=path.name)
        paths, digests = hash_files(description.files, located)
        digest = jsonio.digest({"description": digest, "files": digests})
        model = Model(
            ref=_ref(found, content, digest),
            description=description,
            description_path=path,
            paths=paths,
        )
        _check_test_tensors(model, content)
    except ModelFault as fault:
        return Unreadable(ref=_ref(found, content, digest), reason=fault.reason, message=fault.message)
    return model


def _locate(found: Found) -> tuple[Path, Located]:
    """The description on this machine, and where its files are."""
    if found.url is not None:
        path = fetch.download(found.url, sha256=found.sha256)
        return path, Located(path.parent, base_url=found.url)
    assert found.path is not None, "a model found has a path or a URL"
    path = found.path
    if path.is_file() and path.suffix == ".zip":
        path = package.unpack(path, shown=found.source)
    elif path.is_file():
        return path, Located(path.parent)
    for name in FILE_NAMES:
        if (path / name).is_file():
            return path / name, Located(path)
    raise ModelFault(
        Reason.FILE_MISSING, f"{found.source}: holds no description; add {' or '.join(FILE_NAMES[:2])}"
    )


def _ref(found: Found, content: dict[str, Any], digest: str) -> ModelRef:
    stated = content.get("id")
    name = Path(found.source).stem if found.source.endswith(".zip") else Path(found.source).name
    return ModelRef(
        id=found.id or (stated if isinstance(stated, str) and stated else name),
        version=found.version or str(content.get("version") or ""),
        sha256=digest,
        source=found.source,
    )


def _check_test_tensors(model: Model, content: dict[str, Any]) -> None:
    described = (*model.description.inputs, *model.description.outputs)
    arrays = {tensor.id: model.test_tensor(tensor) for tensor in described}
    if model.description.format_version.startswith("0.5"):
        validate_test_tensors(content, arrays, shown=model.description_path.name)


def _refuse_twins(models: list[Model | Unreadable]) -> list[Model | Unreadable]:
    by_identity: dict[tuple[str, str], list[str]] = {}
    for model in models:
        by_identity.setdefault((model.ref.id, model.ref.version), []).append(model.ref.source)
    checked: list[Model | Unreadable] = []
    for model in models:
        others = [s for s in by_identity[model.ref.id, model.ref.version] if s != model.ref.source]
        if others:
            message = f"{model.ref.source}: field id: {model.ref.id!r} is also the id of {', '.join(others)}"
            checked.append(Unreadable(ref=model.ref, reason=Reason.DESCRIPTION_INVALID, message=message))
        else:
            checked.append(model)
    return checked
