"""In GitHub Actions: what is wrong with descriptions, on their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.collection.index import Found
    from harness.github.message import Annotation
    from harness.ledger.record import Record

_MOST = 10
"""GitHub shows no more errors of one step."""


def annotate_descriptions(plan: Path, output: Path, environ: Mapping[str, str]) -> None:
    """Print a command for each fault that the ledger below ``output`` has of the plan's descriptions.

    Outside of Actions nothing is printed.
    """
    from harness.github.workflow_commands import annotate, in_actions

    if in_actions(environ):
        root = Path(environ.get("GITHUB_WORKSPACE") or ".").resolve()
        annotate(islice(_annotations(plan, output, root), _MOST))


def _annotations(plan_file: Path, output: Path, root: Path) -> Iterator[Annotation]:
    from harness.collection.index import find_models
    from harness.github.annotations import annotations_of
    from harness.ledger.query import newest_by_key
    from harness.ledger.store import read_records
    from harness.plan.plan import read_plan
    from harness.verdict import Blame

    plan = read_plan(plan_file)
    planned = {entry.key for entry in plan.cells}
    of_model: dict[str, list[Record]] = {}
    for record in newest_by_key(read_records(output / "ledger")).values():
        if record.key in planned and record.blame is Blame.METADATA:
            of_model.setdefault(record.model.source, []).append(record)
    for found in find_models(plan.collection):
        path = _description(found)
        if path is not None and found.source in of_model and path.resolve().is_relative_to(root):
            where = path.resolve().relative_to(root).as_posix()
            yield from annotations_of(of_model[found.source], path=where, content=_content(path))


def _description(found: Found) -> Path | None:
    """The file to be annotated: the description, or the package that holds it; None for one of the web."""
    from harness.collection.description_yaml import FILE_NAMES
    from harness.collection.index import description_in

    if found.path is None or not found.path.is_dir():
        return found.path
    name, _ = description_in(found.path)
    return found.path / (name or FILE_NAMES[0])


def _content(path: Path) -> bytes:
    """The description as it is; of a package, or of what cannot be read, nothing."""
    from harness.collection.description_yaml import read_bytes
    from harness.collection.fault import ModelFault

    if path.suffix == ".zip" or path.is_symlink():
        return b""
    try:
        return read_bytes(path, shown=path.name)
    except ModelFault:
        return b""
