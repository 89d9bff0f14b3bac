"""Making room in the store, without taking from anybody what he uses."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from harness.cell import EnvironmentRef
from harness.environments import bytecode, disk, inventory, leases, marker, store
from harness.environments.docker import images
from harness.environments.entry_lock import lock_file
from harness.environments.inventory import Stored
from harness.errors import OutputError
from harness.paths import cache_folder

_DAY = 86_400.0
_DESCRIBED_DAYS = 30.0  # without use, for an environment as described
_NO_DEVICE = -1


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the store that is to go.

    Attributes:
        folder: the entry.
        name: the environment's; empty for the leftovers of a build that was stopped.
        why: in words.
        in_use: whether somebody uses or builds it at this moment; then it stays.
    """

    folder: Path
    name: str
    why: str
    in_use: bool = False


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What went, what had to stay because it is in use, and the bytes that the disk got back.

    ``shared_bytes`` are those of removed files that have another name elsewhere, in the cache of uv say.
    """

    removed: tuple[Removal, ...]
    kept: tuple[Removal, ...]
    freed_bytes: int
    shared_bytes: int


def prune(
    asked_for: Collection[EnvironmentRef],
    *,
    now: float,
    older_than: float | None = None,
    max_bytes: int | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Remove leftovers, what is not asked for, and what ``older_than`` and ``max_bytes`` leave no room for.

    What is in use stays, and so does what is being built.

    Args:
        asked_for: what folders of environments ask for.
        now: seconds since the epoch.
        older_than: days; an environment that was used last before that goes, too. Those as described go by
            age alone, after 30 days if nothing else is said.
        max_bytes: on the disk for all that stays; the least recently used go until the rest fits.
        dry_run: only say what would go.

    Raises:
        OutputError: the cache cannot be written.
    """
    files = {folder: _files_of(folder) for _, folder in inventory.entries()}
    known = {stored.folder: stored for stored in inventory.stored() if stored.folder in files}
    keep = {store.entry_folder(ref) for ref in asked_for}
    done = [_remove(each, dry_run=dry_run) for each in _unwanted(files, known, keep, now, older_than)]
    if max_bytes is not None:
        tried = {each.folder for each in done}
        staying = disk.Together(files[folder] for folder in files if folder not in _gone(done))
        for stored in sorted(known.values(), key=lambda stored: stored.used_at):
            if staying.taken <= max_bytes:
                break
            if stored.folder in tried:
                continue
            why = f"used least recently, and all together take {staying.taken / 1e9:.2f} GB"
            done.append(
                _remove(Removal(folder=stored.folder, name=stored.ref.name, why=why), dry_run=dry_run)
            )
            if not done[-1].in_use:
                staying.remove(files[stored.folder])
    if not dry_run:
        for aside in (cache_folder() / "environments").glob("*/.removed-*"):
            shutil.rmtree(aside, ignore_errors=True)
        bytecode.forget_unused()
    return _summary(done, files)


def _unwanted(
    folders: Iterable[Path],
    known: Mapping[Path, Stored],
    keep: Collection[Path],
    now: float,
    older_than: float | None,
) -> Iterator[Removal]:
    for folder in folders:
        stored = known.get(folder)
        if stored is None:
            yield Removal(folder=folder, name="", why="left by a build that was stopped")
            continue
        days = (now - stored.used_at) / _DAY
        if stored.ref.as_described:  # no folder ever asks for it: the next run with such cells does
            limit = _DESCRIBED_DAYS if older_than is None else older_than
            if days > limit:
                yield Removal(folder=folder, name=stored.ref.name, why=_unused(days))
        elif folder not in keep:
            yield Removal(folder=folder, name=stored.ref.name, why="no folder asks for it")
        elif older_than is not None and days > older_than:
            yield Removal(folder=folder, name=stored.ref.name, why=_unused(days))


def _unused(days: float) -> str:
    return f"used last {days:.0f} days ago"


def _remove(removal: Removal, *, dry_run: bool) -> Removal:
    """Remove the entry, or find that it is in use."""
    try:
        with FileLock(lock_file(removal.folder), timeout=0):
            if leases.is_held(removal.folder):
                return msgspec.structs.replace(removal, in_use=True)
            if not dry_run:
                if ready := marker.read(removal.folder):
                    images.remove(removal.folder / ready.prefix)
                store.wipe(removal.folder)
    except Timeout:
        return msgspec.structs.replace(removal, in_use=True)
    except OSError as error:
        raise OutputError(f"{removal.folder}: cannot be removed ({error.strerror or error})") from error
    return removal


def _files_of(folder: Path) -> disk.Files:
    """Its files; the image of an environment counts as one more, which nothing else has."""
    files = disk.files_below(folder)
    ready = marker.read(folder)
    if ready and (size := images.own_bytes(folder / ready.prefix)):
        files[_NO_DEVICE, hash(folder)] = disk.Usage(size, links=1, found=1)
    return files


def _gone(done: Iterable[Removal]) -> set[Path]:
    return {each.folder for each in done if not each.in_use}


def _summary(done: Sequence[Removal], files: Mapping[Path, disk.Files]) -> Pruned:
    gone = disk.Together(files[folder] for folder in _gone(done))
    return Pruned(
        removed=tuple(each for each in done if not each.in_use),
        kept=tuple(each for each in done if each.in_use),
        freed_bytes=gone.freed,
        shared_bytes=gone.taken - gone.freed,
    )
