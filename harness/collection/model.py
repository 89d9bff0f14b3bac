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
from harness.collection import tensors
from harness.collection.description import Description, Parsed, Tensor, parse_description, version_of
from harness.collection.description_yaml import FILE_NAMES, parse, read_bytes
from harness.collection.fault import ModelFault
from harness.collection.files import Located, Stamp, hash_files, stamp
from harness.collection.index import Found
from harness.collection.locate import locate
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
        stamps: of the description and the files that are neither downloaded nor URLs, from before they were
            read, by path.
    """

    ref: ModelRef
    description: Description
    description_path: Path
    paths: dict[str, Path]
    stamps: dict[Path, Stamp] = {}

    def changed(self) -> str:
        """The first file that is no longer what was read, in one phrase; empty if there is none.

        Only size and time of change are looked at. What was downloaded is not: the cache keeps it by sha256.
        """
        for path, before in self.stamps.items():
            name = path.relative_to(self.description_path.parent).as_posix()
            try:
                if stamp(path) != before:
                    return f"{name} was changed after the model was read"
            except OSError as error:
                return f"{name} cannot be read any more ({error.strerror})"
        return ""

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
        path, located = locate(found)
        shown = path.name if located.base_url is None else str(found.url)
        stamps = _stamp_of(path, located)
        data = read_bytes(path, shown=shown)
        digest = hashlib.sha256(data).hexdigest()
        content = parse(data, shown=shown)
        parsed = parse_description(content, shown=shown)
        hashed = hash_files(parsed.description.files, located)
        digest = jsonio.digest({"description": digest, "files": hashed.digests})
        model = Model(
            ref=_ref(found, content, digest),
            description=parsed.description,
            description_path=path,
            paths=hashed.paths,
            stamps=stamps | {hashed.paths[source]: known for source, known in hashed.stamps.items()},
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


def _stamp_of(description: Path, located: Located) -> dict[Path, Stamp]:
    """The description's stamp by its path; none for one that was downloaded."""
    try:
        return {} if located.base_url is not None else {description: stamp(description)}
    except OSError as error:
        what = f"{description.name}: cannot be read ({error.strerror})"
        raise ModelFault(Reason.FILE_MISSING, what) from error


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
