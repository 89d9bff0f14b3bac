"""Find the models of a collection: a folder, one model, a description, a package, or an ``index.json``."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from harness import jsonio
from harness.collection import fetch
from harness.collection.description_yaml import FILE_NAMES
from harness.collection.fault import ModelFault
from harness.errors import CollectionError, ConfigurationError

_WEB = ("http", "https")
MAX_DEPTH = 3


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where one model is.

    Attributes:
        source: how records name the place: relative to the collection, or a URL.
        path: folder, description or ``.zip`` on this machine; None for a URL.
        url: URL of the description or ``.zip``; None for a path.
        id: what an index calls it; None where only the description can say.
        version: the index's version; None likewise.
        sha256: of the description or ``.zip``, where an index states it.
        sha256_field: where the index states it, e.g. "items[2].versions[0].sha256".
        named: whether the user named this very path, which may then be a symbolic link.
    """

    source: str
    path: Path | None = None
    url: str | None = None
    id: str | None = None
    version: str | None = None
    sha256: str | None = None
    sha256_field: str = ""
    named: bool = False


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

    What the user names may be reached through links; below it nothing is (see ``model.read_model``).

    Raises:
        CollectionError: there is nothing there, or nothing that could be a model.
    """
    try:
        found = _from_url(collection) if urlsplit(collection).scheme in _WEB else _from_path(Path(collection))
    except OSError as error:
        raise CollectionError(f"{error.filename or collection}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # no URL, or a NUL in the path
        raise CollectionError(f"{collection!r}: is no path or URL ({error})") from error
    if not found:
        raise CollectionError(
            f"{collection}: holds no model; "
            f"a model is a folder with {' or '.join(FILE_NAMES[:2])}, or a .zip package"
        )
    return sorted(found, key=lambda model: model.source)


def has_description(folder: Path | str) -> bool:
    """Whether a description is there, readable or not; raises OSError if the folder cannot be looked into."""
    return description_in(folder)[0] != ""


def description_in(folder: Path | str) -> tuple[str, int]:
    """The name of the description in a folder and its mode (a file or a link); no name if there is none."""
    for name in FILE_NAMES:
        try:
            mode = os.lstat(f"{folder}{os.sep}{name}").st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            return name, mode
    return "", 0


def _from_url(url: str) -> list[Found]:
    if _suffix(urlsplit(url).path) in (".zip", ".yaml", ".yml"):
        return [Found(source=url, url=url)]
    try:
        data = fetch.download(url).read_bytes()
    except ModelFault as fault:
        raise CollectionError(fault.message) from fault
    return models_of_index(data, origin=url)


def _from_path(path: Path) -> list[Found]:
    if not path.exists():
        raise CollectionError(f"{path}: does not exist; name a folder of models, a model, or an index.json")
    if path.is_file():
        suffix = _suffix(path.name)
        if suffix == ".json":
            return models_of_index(path.read_bytes(), origin=str(path))
        if suffix == ".zip":
            return [Found(source=_text(path.name), path=path, named=True)]
        if suffix in (".yaml", ".yml"):
            return [Found(source=_text(path.resolve().parent.name), path=path, named=True)]
        raise CollectionError(f"{path}: is no folder, .yaml description, .zip package or index.json")
    if has_description(path):
        return [Found(source=_text(path.resolve().name), path=path, named=True)]
    return _below(path, prefix="", depth=1)


def _below(folder: Path, *, prefix: str, depth: int) -> list[Found]:
    """Each package and each folder is a model; a folder that only groups models is looked into.

    A folder without a description is found, too: nobody's model is left out in silence. ``prefix`` leads to
    the folder from the collection.
    """
    found: list[Found] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__")):
                continue
            here = Found(source=_text(f"{prefix}{entry.name}"), path=Path(entry.path))
            if entry.is_dir():
                found += _models_in(Path(entry.path), here, prefix=f"{prefix}{entry.name}/", depth=depth)
            elif _suffix(entry.name) == ".zip":
                found.append(here)
    return found


def _models_in(folder: Path, here: Found, *, prefix: str, depth: int) -> list[Found]:
    try:
        if has_description(folder):
            return [here]
        if _is_output(folder):
            return []
        if folder.is_symlink() or depth == MAX_DEPTH:
            return [here]
        grouped = _below(folder, prefix=prefix, depth=depth + 1)
    except OSError:  # cannot be read: reading it as a model says why
        return [here]
    return grouped if any(_looks_like_model(model.path) for model in grouped) else [here]


def _is_output(folder: Path) -> bool:
    """Whether it is what runs wrote: the folder of an output, or one of its parts."""
    parts = ("ledger", "site", "artifacts")
    return (folder / "ledger").is_dir() or (folder.name in parts and (folder.parent / "ledger").is_dir())


def _looks_like_model(path: Path | None) -> bool:
    return path is not None and (path.is_file() or has_description(path))


def models_of_index(data: bytes, *, origin: str) -> list[Found]:
    """The newest version of each model of an index; other types than model are left out."""
    try:
        index = jsonio.loads(data, _Index, origin=origin)
    except ConfigurationError as error:
        raise CollectionError(str(error)) from error
    found = []
    for number, item in enumerate(index.items):
        if item.type == "model" and item.versions:
            place, newest = max(enumerate(item.versions), key=lambda numbered: numbered[1].created_at)
            url = _url_of(newest.source, origin)
            found.append(
                Found(
                    source=newest.source,
                    path=None if url else Path(origin).parent / newest.source,
                    url=url,
                    id=item.id,
                    version=newest.version,
                    sha256=newest.sha256,
                    sha256_field=f"items[{number}].versions[{place}].sha256",
                )
            )
    return found


def _url_of(source: str, origin: str) -> str | None:
    """Where a version is on the web; None beside a local index. An index of the web names nothing local."""
    if urlsplit(source).scheme in _WEB:
        return source
    return urljoin(origin, source) if urlsplit(origin).scheme in _WEB else None


def _suffix(name: str) -> str:
    return Path(unquote(name)).suffix.lower()


def _text(name: str) -> str:
    """A file's name as text that JSON can hold, also where it is not UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")
