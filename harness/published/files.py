"""Add the files of one ledger to another: what is there stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness import jsonio
from harness.errors import ConfigurationError
from harness.ledger.record import Record
from harness.ledger.store import read_records, read_segment
from harness.ledger.survey import FOLDER as SURVEYS
from harness.ledger.survey import Survey, read_surveys, write_if_needed

LEDGER, ARTIFACTS = "ledger", "artifacts"
_RECIPES = "environments"
# Arrays are too large for a branch; a page links to what it finds.
_EVIDENCE = ("logs", "build-logs", "covers", "pictures")


def add(source: Path, target: Path) -> int:
    """Add to a published folder what is new in ``source``; returns how many segments that are.

    A segment whose every record is published is left out, and a survey that changes nothing that is shown.

    Raises:
        ConfigurationError: a ledger cannot be read, or what is published under a name is something else.
        OutputError: ``target`` cannot be written.
    """
    known = {(record.key, record.started_at) for record in _records(target)}
    read_surveys(source / LEDGER)
    added = 0
    for path in _files(source / LEDGER, ".jsonl"):
        published = target / LEDGER / path.name
        told = {(record.key, record.started_at) for record in read_segment(path)}
        if published.exists() or not told <= known:
            added += _add(path, published, grows=True)
    for path in _files(source / LEDGER / _RECIPES, ".json"):
        _add(path, target / LEDGER / _RECIPES / path.name)
    for kind in _EVIDENCE:
        for path in _files(source / ARTIFACTS / kind, ""):
            _add(path, target / ARTIFACTS / kind / path.name)
    for path in _files(source / LEDGER / SURVEYS, ".json"):
        survey = jsonio.read(path, Survey)
        write_if_needed(target / LEDGER, survey, _records(target), run=path.stem)
    return added


def lay_out(published: Path, folder: Path) -> None:
    """Add to a folder all that is published.

    Raises:
        ConfigurationError: a file of that name is there and is something else.
        OutputError: the folder cannot be written.
    """
    for below in (LEDGER, ARTIFACTS):
        for path in sorted((published / below).rglob("*")):
            if path.is_file():
                _add(path, folder / path.relative_to(published), grows=path.suffix == ".jsonl")


def _records(folder: Path) -> list[Record]:
    return list(read_records(folder / LEDGER))


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    """The plain files there with such names, sorted, without hidden ones; none without the folder."""
    for path in sorted(folder.glob(f"[!.]*{suffix}")):
        if path.is_file() and not path.is_symlink():
            yield path


def _add(path: Path, target: Path, *, grows: bool = False) -> bool:
    """Copy a file that is not there yet, or, if it may grow, only in part; returns whether it was copied."""
    data = path.read_bytes()
    there = target.read_bytes() if target.exists() else b""
    if target.exists() and (data == there or (grows and there.startswith(data))):
        return False
    if there and not (grows and data.startswith(there)):
        raise ConfigurationError(
            f"{path}: something else is published under this name, and what is published never changes; "
            "take the results again into a new folder"
        )
    jsonio.write_bytes(target, data)
    return True
