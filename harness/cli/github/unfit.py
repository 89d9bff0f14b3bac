"""What a plan lacks, or has too much, for a pull request: held against what GitHub itself tells of that.

The plan is made by a job that reads files of a stranger. What runs by it runs in other jobs, which refuse
models, environments and policies that are not what it says.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from harness.errors import NotHandedOverError

if TYPE_CHECKING:
    from harness.cell import WeightsFormat
    from harness.cli.github.stored import Subject
    from harness.github.client import Client
    from harness.plan.plan import Plan, PlannedCell

_MOST = 150  # models that are looked at: each takes some requests, and GitHub answers 1,000 in an hour


def unfit(client: Client, subject: Subject, plan: Plan, collection: str) -> Iterator[str]:
    """Why a plan is not the one that the pull request needs, a sentence each."""
    folder = posixpath.normpath(collection)
    if posixpath.normpath(plan.collection) != folder:
        yield f"plan.json: field collection: is {plan.collection!r}, but the models are in {collection!r}"
    if recorded := sum(entry.recorded for entry in plan.cells):
        yield (
            f"plan.json: field recorded: {recorded} cells would run for nothing, but a pull request is not "
            "tested by what is published: push, or run all jobs again"
        )
    planned = {entry.cell.model.source for entry in plan.cells}
    owners = list(_owners(subject, folder))
    touched = {owner for each in owners for owner in each if owner in planned}
    places = {source: posixpath.normpath(posixpath.join(folder, source)) for source in touched}
    try:
        missing = _models_of(client, subject, folder, [each for each in owners if planned.isdisjoint(each)])
    except NotHandedOverError as error:
        yield f"{error}, so nobody can tell which models the change touches"
        return
    whole = posixpath.basename(folder) if folder != "." else subject.change.repository.partition("/")[2]
    if (
        "" in missing and whole in planned
    ):  # the collection is a model: a plan calls it as its folder is called
        missing, places = frozenset(), {whole: folder}
    for model in sorted(missing):
        yield f"{model or 'the model'}: is changed, and no cell of it was planned"
    yield from _not_run(client, subject, plan, places)


def _owners(subject: Subject, folder: str) -> Iterator[list[str]]:
    """For each changed file of the collection, what it may be a part of: a folder, itself, the whole."""
    prefix = "" if folder == "." else f"{folder}/"
    paths = {file.path for file in subject.files}
    paths |= {file.old_path for file in subject.files if file.status == "renamed"}
    for path in sorted(paths):
        if path.startswith(prefix):
            parts = path[len(prefix) :].split("/")
            yield ["/".join(parts[:count]) for count in range(len(parts) + 1)]


def _models_of(client: Client, subject: Subject, folder: str, files: Collection[list[str]]) -> frozenset[str]:
    """The models that files are a part of, by their owners; empty for the collection, if it is one itself.

    Which folders are models is told by the commit that is proposed, of all files that it has.
    """
    from harness.collection.changes import models_among

    if not files:
        return frozenset()
    models = models_among(client.paths(subject.pull.head_sha), "" if folder == "." else folder)
    return frozenset(owner for owners in files for owner in owners if owner in models)


def _not_run(client: Client, subject: Subject, plan: Plan, places: Mapping[str, str]) -> Iterator[str]:
    """Weights of changed models that the reference runtime would not run, by the plan.

    What the plan has settled is believed where it blocks: that is the answer for what cannot be read.

    Args:
        places: of the models, by source: their folders from the top of the repository.
    """
    from harness.consumers import REFERENCE

    if len(places) > _MOST:
        yield f"{len(places)} models are changed, and at most {_MOST} can be looked at; split it"
        return
    served = _served()
    in_reference: dict[str, list[PlannedCell]] = defaultdict(list)
    for entry in plan.cells:
        if entry.cell.consumer.name == REFERENCE:
            in_reference[entry.cell.model.source].append(entry)
    for source, place in sorted(places.items()):
        mine = in_reference[source]
        if any(entry.cell.weights_format is None and _blocks(entry) for entry in mine):
            continue  # it cannot be read
        try:
            stated = _weights(client, place, subject.pull.head_sha)
        except NotHandedOverError as error:
            yield f"{error}, which cannot be looked into; make it smaller"
            continue
        run = {entry.cell.weights_format for entry in mine if _runs(entry) or _blocks(entry)}
        name = source or "the model"
        if stated is None and not run:
            yield (
                f"{name}: is changed, and nothing of it was planned to run in {REFERENCE}; of a package "
                "nobody can tell here which weights it has: propose it unpacked, as a folder"
            )
        for weights in sorted((stated or set()) & served - run):
            why = f"weights {weights.value} were not planned to run in {REFERENCE}: push, or rebase"
            yield f"{name}: is changed, and its {why}"


def _runs(entry: PlannedCell) -> bool:
    """Whether it is run in an environment of the harness; with what its author declares is not enough."""
    environment = entry.cell.environment
    return entry.settled is None and environment is not None and not environment.as_described


def _blocks(entry: PlannedCell) -> bool:
    from harness.verdict import Status

    settled = entry.settled
    return settled is not None and settled.verdict.status in (Status.FAILED, Status.INCONCLUSIVE)


def _served() -> frozenset[WeightsFormat]:
    """What the reference runtime runs, by the environments of this checkout."""
    from harness.cli import options
    from harness.consumers import REFERENCE
    from harness.environments.spec import load_all

    specs = load_all(options.environments_folder(None)).values()
    return frozenset(
        weights for spec in specs if REFERENCE in spec.consumers for weights in spec.weights_formats
    )


def _weights(client: Client, place: str, commit: str) -> set[WeightsFormat] | None:
    """The weights that a model's description lists; None where it cannot be looked into, as in a package."""
    from harness.cell import WeightsFormat
    from harness.cli.github.described import described

    content = described(client, place, commit)
    listed = content.get("weights") if content is not None else None
    if not isinstance(listed, dict):
        return None
    return {weights for weights in WeightsFormat if listed.get(weights.value) is not None}
