"""Make a plan out of a collection: find the models, read them, lay out the matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import harness
from harness.cell import Backend
from harness.collection.index import find_models
from harness.collection.model import Model, Unreadable, read_models
from harness.consumers import CONSUMERS
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError, UsageError
from harness.plan.matrix import Selection, plan_cells
from harness.plan.offers import offers_of
from harness.plan.plan import Plan


class Planned(NamedTuple):
    """A plan, and by source the models that it is about."""

    plan: Plan
    models: dict[str, Model]


def make_plan(
    collection: str,
    *,
    specs: Mapping[str, EnvironmentSpec],
    backend: Backend,
    selection: Selection,
    settings: dict[str, str],
    created_at: str,
    on_model: Callable[[int, int, str], None] = lambda _done, _total, _source: None,
) -> Planned:
    """Plan a collection; ``on_model`` hears how many models are read, of how many, and the next one's source.

    Raises:
        CollectionError: there is no collection, or it is empty.
        ConfigurationError: an environment is not what it must be.
        UsageError: the selection names a consumer that does not exist, or matches no model.
    """
    unknown = [name for name in selection.consumers if name not in CONSUMERS]
    if unknown:
        raise UsageError(f"--consumer {unknown[0]}: no such consumer; known: {', '.join(sorted(CONSUMERS))}")
    offers = offers_of(specs.values(), backend=backend, consumers=CONSUMERS)
    models = _read(collection, on_model)
    cells, left_out = plan_cells(
        models, consumers=CONSUMERS, offers=offers, selection=selection, settings=settings
    )
    if selection.models and not any(selection.wants_model(model.ref) for model in models):
        raise UsageError(f"--select {' '.join(selection.models)}: matches none of the {len(models)} models")
    plan = Plan(
        collection=collection,
        created_at=created_at,
        harness=harness.__version__,
        sources=tuple(model.ref.source for model in models),
        cells=cells,
        left_out=left_out,
        settings=settings,
    )
    return Planned(plan, _readable(models))


def models_of(
    plan: Plan, *, on_model: Callable[[int, int, str], None] = lambda _done, _total, _source: None
) -> dict[str, Model]:
    """The models that a stored plan is about, read again.

    Raises:
        ConfigurationError: a model changed or went since the plan was made.
    """
    models = _readable(_read(plan.collection, on_model))
    for planned in plan.cells:
        model = models.get(planned.cell.model.source)
        if planned.settled is None and (model is None or model.ref != planned.cell.model):
            raise ConfigurationError(
                f"{planned.cell.model.source}: is not what it was when the plan was made; make the plan again"
            )
    return models


def _read(collection: str, on_model: Callable[[int, int, str], None]) -> list[Model | Unreadable]:
    found = find_models(collection)
    done = iter(range(len(found)))
    return read_models(found, on_model=lambda source: on_model(next(done), len(found), source))


def _readable(models: list[Model | Unreadable]) -> dict[str, Model]:
    return {model.ref.source: model for model in models if isinstance(model, Model)}
