"""One model, read whole: description, files by sha256, test tensors; or the fault that stands in the way."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from harness import jsonio
from harness.cell import ModelRef, WeightsFormat
from harness.collection.described import Described, check_test_tensors, describe, parse
from harness.collection.description import Description, Parsed, Tensor
from harness.collection.fault import ModelFault
from harness.collection.file_digests import FileDigests
from harness.collection.files import (
    Hashed,
    Stamp,
    file_sha256,
    hash_description,
    hash_files,
    parts_of,
    stamp,
)
from harness.collection.identity import ref_of
from harness.collection.index import Found
from harness.collection.known import Known, open_known
from harness.collection.locate import locate
from harness.collection.twins import twins
from harness.errors import HarnessError
from harness.verdict import Reason

if TYPE_CHECKING:
    from harness.collection.tensors import Array

OnNew: TypeAlias = Callable[[str, Mapping[str, Any]], None]


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

    @property
    def weights(self) -> tuple[WeightsFormat, ...]:
        """The weights formats that it has."""
        return self.description.weights

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

    def test_tensor(self, tensor: Tensor) -> Array:
        """The declared test tensor of an input or output, memory-mapped."""
        from harness.collection.tensors import open_tensor  # noqa: PLC0415  numpy is needed only here

        return open_tensor(self.paths[tensor.test_tensor.source], tensor)


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be tested, in little memory: of a large collection few models are looked at closely.

    Attributes:
        ref: its identity.
        weights: the weights formats that it has.
        packed_description: as MessagePack.
        description_path: the description's file on this machine.
        downloaded: where files are that are not below the description's folder, by source.
        stamps: size and time of change of the description and then of each other file, 64-bit integers.
    """

    ref: ModelRef
    weights: tuple[WeightsFormat, ...]
    packed_description: bytes
    description_path: str
    downloaded: dict[str, str]
    stamps: bytes

    @property
    def description(self) -> Description:
        """The description, decoded anew each time."""
        return msgspec.msgpack.decode(self.packed_description, type=Description)

    def unpack(self) -> Model:
        """The whole model, as it was when it was read."""
        description = self.description
        path = Path(self.description_path)
        paths = {}
        own = [path]
        for source in dict.fromkeys(file.source for file in description.files):
            if source in self.downloaded:
                paths[source] = Path(self.downloaded[source])
            else:
                paths[source] = path.parent.joinpath(*(parts_of(source) or ()))
                own.append(paths[source])
        return Model(
            ref=self.ref,
            description=description,
            description_path=path,
            paths=paths,
            stamps={
                file: Stamp(size=size, mtime_ns=mtime_ns)
                for file, (size, mtime_ns) in zip(own, struct.iter_unpack("=2q", self.stamps), strict=False)
            },
        )


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A model that cannot be tested, with the reason; it still gets one record.

    ``id_known`` is False where the id is only the name of the place, since no description could tell it.
    """

    ref: ModelRef
    reason: Reason
    message: str
    id_known: bool = True


class Models(Mapping[str, Model]):
    """Models by source, each unpacked when it is asked for."""

    def __init__(self, packed: Iterable[Packed]) -> None:
        self._packed = {model.ref.source: model for model in packed}

    def __getitem__(self, source: str) -> Model:
        return self._packed[source].unpack()

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def ref(self, source: str) -> ModelRef | None:
        """The identity of the model at this source; None if there is none that can be tested."""
        packed = self._packed.get(source)
        return packed.ref if packed else None


def read_packed(
    found: Iterable[Found],
    *,
    verify_files: bool = False,
    on_model: Callable[[str], None] = lambda _source: None,
    on_new: OnNew = lambda _source, _content: None,
) -> list[Packed | Unreadable]:
    """Read every model; ``on_model`` is called with each source before it is read.

    Two models with one id and version, or one source, are unreadable: nobody could tell their verdicts apart.

    Args:
        verify_files: whether to hash files again that by size and time of change are known.
        on_new: is called with the source of each model whose description was never read before, and with what
            its YAML holds, before it is checked.

    Raises:
        OutputError: the cache folder cannot be written. Whatever is wrong with one model is its own record.
    """
    models: list[Packed | Unreadable] = []
    with open_known() as known:
        digests = FileDigests(known, verify=verify_files)
        for place in found:
            on_model(place.source)
            models.append(_read(place, known, digests, on_new))
            digests.keep()
    return _refuse_twins(models)


def read_models(
    found: Iterable[Found],
    *,
    verify_files: bool = False,
    on_model: Callable[[str], None] = lambda _source: None,
) -> list[Model | Unreadable]:
    """As ``read_packed``, for few models that all are looked at closely."""
    packed = read_packed(found, verify_files=verify_files, on_model=on_model)
    return [_unpacked(model) for model in packed]


def read_model(found: Found) -> Model | Unreadable:
    """Read one model, without asking what is known of it; whatever is wrong with it comes back as a value."""
    known = Known(None)
    return _unpacked(_read(found, known, FileDigests(known), lambda _source, _content: None))


def _unpacked(model: Packed | Unreadable) -> Model | Unreadable:
    return model.unpack() if isinstance(model, Packed) else model


def _read(found: Found, known: Known, digests: FileDigests, on_new: OnNew) -> Packed | Unreadable:
    """Read one model; whatever is wrong with it comes back as a value.

    Below what the user named, symbolic links are not followed: neither to the model's folder or package, nor
    to its description, nor to its files.
    """
    described, digest = Described(), ""
    try:
        path, located = locate(found, digests)
        shown = path.name if located.base_url is None else str(found.url)
        own_stamp, sha256 = hash_description(path, located, shown, digests)
        digest = sha256
        described, parsed = describe(
            path, sha256, shown=shown, known=known, on_new=lambda content: on_new(found.source, content)
        )
        description = described.description()
        hashed = hash_files(description.files, located, digests)
        digest = jsonio.digest({"description": sha256, "files": hashed.digests})
        model = Packed(
            ref=ref_of(found, described, digest),
            weights=description.weights,
            packed_description=described.packed,
            description_path=str(path),
            downloaded=hashed.downloaded,
            stamps=b"".join(
                struct.pack("=2q", *each) for each in (own_stamp, *hashed.stamps.values()) if each
            ),
        )
        _check_test_tensors(
            model, hashed, lambda: parsed or parse(path, sha256, shown=shown), shown=shown, known=known
        )
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
        ref=ref_of(found, described, digest),
        reason=reason,
        message=message,
        id_known=bool(found.id or described.is_mapping),
    )


def _packed(*stamps: Stamp | None) -> bytes:
    return b"".join(struct.pack("=2q", *each) for each in stamps if each is not None)


def _check_test_tensors(model: Packed, hashed: Hashed, ask: Callable[[], Parsed], **how: Any) -> None:
    """Hold the test tensors against the description; they are opened only if what comes out is not known."""
    whole = functools.cache(model.unpack)

    def arrays() -> dict[str, Array]:
        described = whole().description
        return {tensor.id: whole().test_tensor(tensor) for tensor in (*described.inputs, *described.outputs)}

    def unchanged() -> bool:
        described = whole().description
        sources = {tensor.test_tensor.source for tensor in (*described.inputs, *described.outputs)}
        return all(file_sha256(whole().paths[source]) == hashed.digests[source] for source in sources)

    check_test_tensors(model.ref.sha256, ask, arrays, unchanged, **how)


def _refuse_twins(models: list[Packed | Unreadable]) -> list[Packed | Unreadable]:
    """Models that share id and version, or the source, as faults. A guessed id is nobody's twin."""
    problems = twins(
        [model.ref for model in models],
        testable=[model.ref for model in models if isinstance(model, Packed)],
        named=[model.ref for model in models if isinstance(model, Packed) or model.id_known],
    )
    return [
        Unreadable(ref=model.ref, reason=Reason.DESCRIPTION_INVALID, message=problems[model.ref])
        if model.ref in problems
        else model
        for model in models
    ]
