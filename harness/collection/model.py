"""One model, read whole: description, files by sha256, test tensors; or the fault that stands in the way."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import msgspec

from harness import jsonio
from harness.cell import ModelRef
from harness.collection import fetch, package, tensors
from harness.collection.description import Description, Parsed, Tensor, parse_description, version_of
from harness.collection.description_yaml import FILE_NAMES, parse, read_bytes
from harness.collection.fault import ModelFault
from harness.collection.files import Located, hash_files
from harness.collection.index import Found, has_description
from harness.errors import HarnessError
from harness.verdict import Reason

_LONGEST_ID = 200
_UNPRINTABLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


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
    """A model that cannot be tested, with the reason; it still gets one record.

    ``id_known`` is False where the id is only the name of the place, since no description could tell it.
    """

    ref: ModelRef
    reason: Reason
    message: str
    id_known: bool = True


def read_models(
    found: Iterable[Found], *, on_model: Callable[[str], None] = lambda _source: None
) -> list[Model | Unreadable]:
    """Read every model; ``on_model`` is called with each source before it is read.

    Two models with one id and version, or one source, are unreadable: nobody could tell their verdicts apart.

    Raises:
        OutputError: the cache folder cannot be written. Whatever is wrong with one model is its own record.
    """
    models: list[Model | Unreadable] = []
    for place in found:
        on_model(place.source)
        models.append(read_model(place))
    return _refuse_twins(models)


def read_model(found: Found) -> Model | Unreadable:
    """Read one model; whatever is wrong with it comes back as a value.

    Below what the user named, symbolic links are not followed: neither to the model's folder or package, nor
    to its description, nor to its files.
    """
    content: dict[str, Any] = {}
    digest = ""
    try:
        path, located = _locate(found)
        shown = path.name if located.base_url is None else str(found.url)
        data = read_bytes(path, shown=shown)
        digest = hashlib.sha256(data).hexdigest()
        content = parse(data, shown=shown)
        parsed = parse_description(content, shown=shown)
        paths, digests = hash_files(parsed.description.files, located)
        digest = jsonio.digest({"description": digest, "files": digests})
        model = Model(
            ref=_ref(found, content, digest),
            description=parsed.description,
            description_path=path,
            paths=paths,
        )
        _check_test_tensors(model, parsed, shown)
    except ModelFault as fault:
        reason, message = fault.reason, fault.message
    except HarnessError:
        raise
    except Exception as error:  # a bug of ours must not end the run of the others
        what = f"{found.source}: cannot be read ({type(error).__name__}: {error})"
        reason, message = Reason.INTERNAL_ERROR, ModelFault(Reason.INTERNAL_ERROR, what).message
    else:
        return model
    return Unreadable(
        ref=_ref(found, content, digest),
        reason=reason,
        message=message,
        id_known=bool(found.id or content),
    )


def _locate(found: Found) -> tuple[Path, Located]:
    """The description on this machine, and where its files are."""
    if found.url is not None:
        path = fetch.download(found.url, sha256=found.sha256)
        if urlsplit(found.url).path.lower().endswith(".zip"):
            return _in_package(path, found.source)
        return path, Located(path.parent, base_url=found.url)
    assert found.path is not None, "a model found has a path or a URL"
    path = found.path
    try:
        if path.is_symlink() and not found.named:
            raise ModelFault(
                Reason.SOURCE_OUTSIDE_PACKAGE,
                f"{found.source}: is a symbolic link; put the model itself there, or name the link's target",
            )
        if not path.exists():
            raise ModelFault(Reason.FILE_MISSING, f"{found.source}: does not exist")
        if not path.is_file():
            return _in_folder(path, found.source)
    except OSError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{found.source}: cannot be read ({error.strerror})") from error
    if path.suffix.lower() == ".zip":
        return _in_package(path, found.source)
    return path, Located(path.parent)


def _in_package(archive: Path, source: str) -> tuple[Path, Located]:
    """The description at the top of a package, or in the only folder there is (as GitHub packs)."""
    folder = package.unpack(archive, shown=source)
    if not has_description(folder):
        folders = [f for f in folder.iterdir() if f.is_dir() and not f.name.startswith((".", "__"))]
        if len(folders) == 1 and has_description(folders[0]):
            folder = folders[0]
    return _in_folder(folder, source)


def _in_folder(folder: Path, source: str) -> tuple[Path, Located]:
    for name in FILE_NAMES:
        if (folder / name).is_symlink():
            raise ModelFault(Reason.SOURCE_OUTSIDE_PACKAGE, f"{source}: {name} is a symbolic link")
        if (folder / name).is_file():
            return folder / name, Located(folder)
    raise ModelFault(
        Reason.FILE_MISSING, f"{source}: holds no description; add {' or '.join(FILE_NAMES[:2])}"
    )


def _ref(found: Found, content: dict[str, Any], digest: str) -> ModelRef:
    """The model's identity, as far as it is known; an id that nobody could print is not taken over."""
    place = PurePosixPath(urlsplit(found.url).path if found.url else found.source)
    place = place.parent if place.name in FILE_NAMES else place
    name = place.stem if place.suffix.lower() == ".zip" else place.name
    stated = content.get("id")
    return ModelRef(
        id=found.id or (stated if isinstance(stated, str) and _is_printable(stated) else name),
        version=found.version or version_of(content)[:_LONGEST_ID],
        sha256=digest,
        source=found.source,
    )


def _is_printable(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_ID and not any(unicodedata.category(c) in _UNPRINTABLE for c in text)


def _check_test_tensors(model: Model, parsed: Parsed, shown: str) -> None:
    described = (*model.description.inputs, *model.description.outputs)
    arrays = {tensor.id: model.test_tensor(tensor) for tensor in described}
    parsed.validate_test_tensors(arrays, shown=shown)


def _refuse_twins(models: list[Model | Unreadable]) -> list[Model | Unreadable]:
    """Models that share id and version, or the source, as faults. A guessed id is nobody's twin."""
    sources = Counter(model.ref.source for model in models)
    by_identity: dict[tuple[str, str], list[str]] = {}
    for model in models:
        if isinstance(model, Model) or model.id_known:
            by_identity.setdefault((model.ref.id, model.ref.version), []).append(model.ref.source)
    checked: list[Model | Unreadable] = []
    for model in models:
        ref = model.ref
        others = [source for source in by_identity.get((ref.id, ref.version), ()) if source != ref.source]
        if sources[ref.source] > 1:
            message = f"{ref.source}: is listed {sources[ref.source]} times in the index; list a model once"
        elif others and isinstance(model, Model):
            also = ", ".join(others)
            message = (
                f"{ref.source}: field id: {ref.id!r} is also the id of {also}; ids and versions are unique"
            )
        else:
            checked.append(model)
            continue
        checked.append(Unreadable(ref=ref, reason=Reason.DESCRIPTION_INVALID, message=message))
    return checked
