"""What a change touches: models, environments, the harness, and what a maintainer has to look at (pure)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from harness.collection.description_yaml import FILE_NAMES
from harness.collection.index import MAX_DEPTH, Found

_HARNESS_FOLDERS = ("harness", ".ci", ".github/workflows", ".github/actions")
_HARNESS_FILES = ("pyproject.toml", "hatch.toml", "noxfile.py", ".github/harness.toml")
_ENVIRONMENTS = "environments"
_REVIEWED_FOLDERS = (*_HARNESS_FOLDERS, _ENVIRONMENTS, ".github")
# bioimageio.spec takes its settings from the `.env` of the current folder, here the top of the checkout.
_REVIEWED_NAMES = ("policy.toml", ".env", ".gitattributes", ".gitmodules", ".lfsconfig")


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a difference. Names that are not UTF-8 have replacement characters.

    Attributes:
        status: git's letter: A, C, D, M (the mode alone, too), R or T; a submodule counts as a file.
        path: relative to the top of the checkout.
        previous: where it was, if it was renamed; empty otherwise.
    """

    status: str
    path: str
    previous: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """All names that it has or had."""
        return (self.path, self.previous) if self.previous else (self.path,)


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How far a change reaches.

    Attributes:
        models: sources of those that are there and differ from the base.
        removed: sources of those that are no longer there.
        environments: folders of ``environments/`` that it changes.
        harness: files by which models are tested.
        review: what a maintainer has to look at.
    """

    models: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    harness: tuple[str, ...] = ()
    review: tuple[str, ...] = ()


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """The models of a change's head, and how the base's differ in name.

    Attributes:
        places: sources by the folder or package that they are, relative to the top of the checkout.
        added: sources of those that the base does not have, or has as another version of an index.
        removed: sources of the base that the head does not have.
    """

    places: Mapping[str, tuple[str, ...]]
    added: Collection[str] = ()
    removed: Collection[str] = ()


def parse_difference(data: bytes) -> tuple[ChangedFile, ...]:
    """Read the output of ``git diff --name-status -z``.

    Raises:
        ValueError: it is none.
    """
    fields = iter(data.decode("utf-8", "replace").split("\0"))
    files = []
    for status in fields:
        if not status:
            break
        names = [next(fields, "") for _ in range(2 if status[0] in "CR" else 1)]
        if not all(names):
            raise ValueError(f"git diff --name-status -z ends within an entry of status {status}")
        previous = names[0] if status[0] == "R" else ""
        files.append(ChangedFile(status=status[0], path=names[-1], previous=previous))
    return tuple(files)


def reach(files: Iterable[ChangedFile], models: Models) -> Reach:
    """What the changed files touch.

    A model is touched by what lies in its folder, and by a submodule or link that it lies in.
    """
    above: dict[str, set[str]] = {}
    for place, sources in models.places.items():
        for folder in _ancestors(place):
            above.setdefault(folder, set()).update(sources)
    touched = set(models.added)
    environments, harness, review = set(), set(), set()
    for path in {path for file in files for path in file.paths}:
        owners = [models.places[place] for place in (path, *_ancestors(path)) if place in models.places]
        touched.update(*owners, above.get(path, ()))
        if _is_within(path, _HARNESS_FOLDERS) or path in _HARNESS_FILES:
            harness.add(path)
        parts = path.split("/")
        if parts[0] == _ENVIRONMENTS and len(parts) > 2:
            environments.add(parts[1])
        if _is_within(path, _REVIEWED_FOLDERS) or path in _HARNESS_FILES or parts[-1] in _REVIEWED_NAMES:
            review.add(path)
    return Reach(
        models=tuple(sorted(touched)),
        removed=tuple(sorted(models.removed)),
        environments=tuple(sorted(environments)),
        harness=tuple(sorted(harness)),
        review=tuple(sorted(review)),
    )


def models_among(paths: Iterable[str], collection: str) -> frozenset[str]:
    """The sources of a folder's models, by the paths of a commit; a model within a model is a part of it.

    Args:
        collection: the folder, relative to the top of the checkout; empty for the top itself.
    """
    prefix = f"{collection}/" if collection else ""
    candidates = set()
    for path in paths:
        if path.startswith(prefix):
            place = PurePosixPath(path[len(prefix) :])
            found = place.parent if place.name in FILE_NAMES else place
            if place.name in FILE_NAMES or place.suffix.lower() == ".zip":
                candidates.add("" if found == PurePosixPath() else found.as_posix())
    return frozenset(source for source in candidates if _is_found(source, candidates))


def places_of(found: Iterable[Found], top: Path) -> dict[str, tuple[str, ...]]:
    """Where models are: sources by folder or package, relative to ``top``. What is elsewhere is left out."""
    places: dict[str, tuple[str, ...]] = {}
    for model in found:
        if model.path is None:
            continue
        place = model.path.parent if model.path.suffix.lower() in (".yaml", ".yml") else model.path
        if (relative := relative_to(place, top)) is not None:
            places[relative] = (*places.get(relative, ()), model.source)
    return places


def relative_to(path: Path, top: Path) -> str | None:
    """A path below ``top`` as git writes it, as text, empty for ``top`` itself; None if it is not below."""
    whole = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
    try:
        relative = whole.relative_to(top).as_posix()
    except ValueError:
        return None
    return "" if relative == "." else os.fsencode(relative).decode("utf-8", "replace")


def newer_in_index(head: Sequence[Found], base: Sequence[Found]) -> Models:
    """How the models of an index differ from those of the base's index; ``places`` are not known here."""

    def version(found: Found) -> tuple[str | None, ...]:
        return found.source, found.id, found.version, found.sha256

    before = {version(found) for found in base}
    sources = {found.source for found in head}
    return Models(
        places={},
        added=tuple(found.source for found in head if version(found) not in before),
        removed=tuple({found.source for found in base} - sources),
    )


def _is_found(source: str, candidates: Collection[str]) -> bool:
    """Whether a folder or package is looked at as a model of its own; see ``index.find_models``."""
    parts = source.split("/") if source else []
    if len(parts) > MAX_DEPTH or any(part.startswith((".", "__")) for part in parts):
        return False
    return not any(folder in candidates for folder in _ancestors(source))


def _is_within(path: str, folders: Iterable[str]) -> bool:
    """Whether it is in one of them, or such a folder itself (a submodule, a link)."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _ancestors(path: str) -> Iterator[str]:
    """The folders above, the nearest first, at last the top, which is empty."""
    while path:
        path = path.rpartition("/")[0]
        yield path
