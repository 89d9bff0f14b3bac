"""What a plan lacks, or has too much, for a pull request: held against what GitHub itself tells of that.

The plan is made by a job that reads files of a stranger. What runs by it runs in other jobs, which refuse
models, environments and policies that are not what it says.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.cli.github.stored import Subject
    from harness.github.client import Client
    from harness.plan.plan import Plan


def unfit(client: Client, subject: Subject, plan: Plan, collection: str) -> Iterator[str]:
    """Why a plan is not the one that the pull request needs, a sentence each."""
    if _folder(plan.collection) != _folder(collection):
        yield f"plan.json: field collection: is {plan.collection!r}, but the models are in {collection!r}"
    if recorded := sum(entry.recorded for entry in plan.cells):
        yield (
            f"plan.json: field recorded: {recorded} cells would run for nothing, but a pull request is not "
            "tested by what is published: push, or run all jobs again"
        )
    yield from _not_planned(client, subject, plan, collection)


def _not_planned(client: Client, subject: Subject, plan: Plan, collection: str) -> Iterator[str]:
    """Models that are new or changed, and of which no cell was planned.

    Which folders are models is told by the commit that is proposed, of all files that it has.
    """
    from harness.collection.changes import models_among

    prefix = f"{folder}/" if (folder := _folder(collection)) else ""
    planned = {entry.cell.model.source for entry in plan.cells}
    paths = {file.path for file in subject.files} | {
        file.old_path for file in subject.files if file.status == "renamed"
    }
    inside = sorted(path[len(prefix) :] for path in paths if path.startswith(prefix))
    unplanned = [owners for path in inside if planned.isdisjoint(owners := _owners(path))]
    if not unplanned:
        return
    models = models_among(client.paths(subject.pull.head_sha), folder)
    for model in sorted({owner for owners in unplanned for owner in owners if owner in models}):
        yield f"{model or 'the model'}: is changed, and no cell of it was planned"


def _folder(collection: str) -> str:
    """As git writes it, empty for the top."""
    folder = posixpath.normpath(collection)
    return "" if folder == "." else folder


def _owners(path: str) -> list[str]:
    """The folders of the collection that a file is in, the file itself, and the collection."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) + 1)]
