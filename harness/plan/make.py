"""Make a plan out of a collection: find the models, read them, lay out the matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import harness
from harness.cell import Backend
from harness.collection.index import find_models
from harness.collection.model import Models, OnNew, Packed, Unreadable, read_packed
from harness.consumers import CONSUMERS, REFERENCE
from harness.environments.published import Published
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError, UsageError
from harness.plan.described import NOTHING, read_declarations
from harness.plan.likely import Likely, OnLikely
from harness.plan.matrix import Offer, Selection, plan_cells
from harness.plan.offers import offers_of
from harness.plan.plan import Plan
from harness.plan.published import offers_of_teams, refuse_unlisted
from harness.policy import DEFAULT, Policy

OnModel: TypeAlias = Callable[[int, int, str], None]

# What authors declare is meant for the reference runtime; other tools are about their own environments.
_DESCRIBED = {REFERENCE: CONSUMERS[REFERENCE]}


class Planned(NamedTuple):
    """A plan, by source the models that it is about, by name the environments that others declare."""

    plan: Plan
    models: Models
    declared: Mapping[str, EnvironmentSpec] = NOTHING.specs


def make_plan(
    collection: str,
    *,
    specs: Mapping[str, EnvironmentSpec],
    backend: Backend,
    selection: Selection,
    settings: dict[str, str],
    policy: Policy = DEFAULT,
    created_at: str,
    as_described: bool = False,
    published: Sequence[Published] = (),
    verify_files: bool = False,
    on_model: OnModel = lambda _done, _total, _source: None,
    on_likely: OnLikely = lambda _environment, _consumer: None,
) -> Planned:
    """Plan a collection.

    Args:
        settings: what decides every verdict beside the cell.
        policy: what it says of some cells decides theirs.
        as_described: whether weights also run in what their authors declare.
        published: whose environments their teams publish.
        verify_files: whether to hash files again that by size and time of change are known.
        on_model: hears how many models are read, of how many, and the next one's source.
        on_likely: hears as soon as can be of an environment and a consumer that cells will likely need.

    Raises:
        CollectionError: there is no collection, or it is empty.
        ConfigurationError: an environment is not what it must be.
        UsageError: the selection names a consumer that does not exist, or matches no model.
    """
    offers = offers_of(specs.values(), backend=backend, consumers=CONSUMERS)
    _refuse_unknown(selection.consumers, offers, published, backend)
    likely = Likely(offers, selection, on_likely)
    models = _read(collection, verify_files, on_model, on_new=likely.new)
    declared = NOTHING
    if as_described:
        wanted = (m.unpack() for m in models if isinstance(m, Packed) and selection.wants_model(m.ref))
        declared = read_declarations(
            wanted, specs=specs, offers=offers, consumers=_DESCRIBED, backend=backend
        )
    teams = offers_of_teams(published, specs=specs, consumers=CONSUMERS, backend=backend, selection=selection)
    cells, left_out = plan_cells(
        models,
        consumers=CONSUMERS,
        offers=[*offers, *teams.offers],
        absent={name: variable for spec in specs.values() for name, variable in spec.absent.items()},
        selection=selection,
        settings=settings,
        policy=policy,
        described=declared.of,
    )
    if selection.models and not any(selection.wants_model(model.ref) for model in models):
        raise UsageError(f"--select {' '.join(selection.models)}: matches none of the {len(models)} models")
    plan = Plan(
        collection=collection,
        created_at=created_at,
        harness=harness.__version__,
        sources=tuple(model.ref.source for model in models),
        cells=cells,
        left_out=(*teams.left_out, *left_out),
        settings=settings,
    )
    return Planned(plan, _readable(models), {**declared.specs, **teams.specs})


def _refuse_unknown(
    asked: Sequence[str], offers: Sequence[Offer], published: Sequence[Published], backend: Backend
) -> None:
    """Raise UsageError for a consumer, or a version of one, that there is not."""
    of_teams = {entry.consumer: entry for entry in published}
    for consumer in asked:
        name, _, version = consumer.partition("==")
        if name not in CONSUMERS:
            raise UsageError(f"--consumer {name}: no such consumer; known: {', '.join(sorted(CONSUMERS))}")
        versions = {offer.consumers[name] for offer in offers if name in offer.consumers}
        if version and name in of_teams:
            if backend is Backend.CONDA:
                refuse_unlisted(of_teams[name], version)
        elif version and version not in versions:
            known = ", ".join(sorted(versions)) or "none"
            raise UsageError(f"--consumer {consumer}: no environment has this version; there are: {known}")


def declared_by(
    models: Models, specs: Mapping[str, EnvironmentSpec], plan: Plan
) -> Mapping[str, EnvironmentSpec]:
    """The environments that a stored plan's models declare, by name; raises ConfigurationError as above."""
    backend = _backend_of(plan)
    offers = offers_of(specs.values(), backend=backend, consumers=CONSUMERS)
    return read_declarations(
        models.values(), specs=specs, offers=offers, consumers=_DESCRIBED, backend=backend
    ).specs


def published_for(
    published: Sequence[Published], specs: Mapping[str, EnvironmentSpec], plan: Plan
) -> Mapping[str, EnvironmentSpec]:
    """The environments of a stored plan that teams publish, by name: its versions, whatever is newer now.

    Raises ConfigurationError as above.
    """
    consumers = {entry.cell.consumer for entry in plan.cells if entry.cell.environment is not None}
    wanted = tuple(f"{consumer.name}=={consumer.version}" for consumer in consumers)
    return offers_of_teams(
        published,
        specs=specs,
        consumers=CONSUMERS,
        backend=_backend_of(plan),
        selection=Selection(consumers=wanted),
    ).specs


def _backend_of(plan: Plan) -> Backend:
    conda = any(environment.backend is Backend.CONDA for environment in plan.environments)
    return Backend.CONDA if conda else Backend.VENV


def models_of(
    plan: Plan,
    *,
    verify_files: bool = False,
    on_model: OnModel = lambda _done, _total, _source: None,
) -> Models:
    """The models that a stored plan is about, read again; the options are those of ``make_plan``.

    Raises:
        ConfigurationError: a model changed or went since the plan was made.
    """
    models = _readable(_read(plan.collection, verify_files, on_model))
    for planned in plan.cells:
        if planned.settled is None and models.ref(planned.cell.model.source) != planned.cell.model:
            raise ConfigurationError(
                f"{planned.cell.model.source}: is not what it was when the plan was made; make the plan again"
            )
    return models


def _read(
    collection: str,
    verify_files: bool,
    on_model: OnModel,
    on_new: OnNew = lambda _source, _content: None,
) -> list[Packed | Unreadable]:
    found = find_models(collection)
    done = iter(range(len(found)))
    return read_packed(
        found,
        verify_files=verify_files,
        on_model=lambda source: on_model(next(done), len(found), source),
        on_new=on_new,
    )


def _readable(models: list[Packed | Unreadable]) -> Models:
    return Models(model for model in models if isinstance(model, Packed))
