"""Find the models of a collection: a folder, one model, a description, a package, or an ``index.json``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from harness import jsonio
from harness.collection import fetch
from harness.collection.description_yaml import FILE_NAMES
from harness.collection.fault import ModelFault
from harness.errors import CollectionError


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where one model is.

    Attributes:
        source: how records name the place: relative to the collection, or a URL.
        path: folder, description or ``.zip`` on this machine; None for a URL.
        url: URL of the description; None for a path.
        id: what an index calls it; None where only the description can say.
        version: the index's version; None likewise.
        sha256: of the description, where an index states it.
    """

    source: str
    path: Path | None = None
    url: str | None = None
    id: str | None = None
    version: str | None = None
    sha256: str | None = None


class _Version(msgspec.Struct):
    source: str
    version: str = ""
    sha256: str | None = None
    created_at: str = ""


class _Item(msgspec.Struct):
    id: str
    type: str
    versions: list[_Version]


class _Index(msgspec.Struct):
    items: list[_Item]


def find_models(collection: str) -> list[Found]:
    """Every model of the collection, sorted by source. A broken model is found like any other.

    Raises:
        CollectionError: there is nothing there, or nothing that could be a model.
    """
    if urlsplit(collection).scheme in ("http", "https"):
        found = _from_index(_download_index(collection), origin=collection)
    else:
        found = _from_path(Path(collection))
    if not found:
        raise CollectionError(
            f"{collection}: holds no model; a model is a folder with {' or '.join(FILE_NAMES[:2])}, or a .zip package"
        )
    return sorted(found, key=lambda model: model.source)


def _from_path(path: Path) -> list[Found]:
    if not path.exists():
        raise CollectionError(f"{path}: does not exist; name a folder of models, a model, or an index.json")
    if path.is_file():
        if path.suffix == ".json":
            return _from_index(path.read_bytes(), origin=str(path))
        if path.suffix == ".zip":
            return [Found(source=path.name, path=path)]
        if path.suffix in (".yaml", ".yml"):
            return [Found(source=path.resolve().parent.name, path=path)]
        raise CollectionError(f"{path}: is no folder, .yaml description, .zip package or index.json")
    if _has_description(path):
        return [Found(source=path.resolve().name, path=path)]
    try:
        return _from_folder(path, root=path)
    except OSError as error:
        raise CollectionError(f"{error.filename or path}: cannot be read ({error.strerror})") from error


def _from_folder(folder: Path, *, root: Path) -> list[Found]:
    """Each package and subfolder is a model; a subfolder that only groups models is looked into."""
    found: list[Found] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_file() and entry.suffix == ".zip":
            found.append(Found(source=entry.relative_to(root).as_posix(), path=entry))
        elif entry.is_dir():
            grouped = [] if _has_description(entry) else [m for m in _nested(entry, root) if m.path]
            found += grouped or [Found(source=entry.relative_to(root).as_posix(), path=entry)]
    return found


def _nested(folder: Path, root: Path) -> list[Found]:
    """The models right below a folder that is itself none (a group such as ``bioimage-io/``)."""
    return [
        Found(source=entry.relative_to(root).as_posix(), path=entry)
        for entry in sorted(folder.iterdir())
        if (entry.is_dir() and _has_description(entry)) or (entry.is_file() and entry.suffix == ".zip")
    ]


def _has_description(folder: Path) -> bool:
    return any((folder / name).is_file() for name in FILE_NAMES)


def _from_index(data: bytes, *, origin: str) -> list[Found]:
    """The newest version of each model of an index; other types than model are left out."""
    index = jsonio.loads(data, _Index, origin=origin)
    found = []
    for item in index.items:
        if item.type == "model" and item.versions:
            newest = max(item.versions, key=lambda version: version.created_at)
            local = urlsplit(newest.source).scheme not in ("http", "https")
            found.append(
                Found(
                    source=newest.source,
                    path=Path(origin).parent / newest.source if local else None,
                    url=None if local else newest.source,
                    id=item.id,
                    version=newest.version,
                    sha256=newest.sha256,
                )
            )
    return found


def _download_index(url: str) -> bytes:
    try:
        return fetch.download(url).read_bytes()
    except ModelFault as fault:
        raise CollectionError(f"{url}: {fault.message}") from fault
