"""Whatever the models, tools and environments are: what a plan's keys follow, and what they do not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cell import Backend, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.collection.description import Description
from harness.collection.model import Model, Unreadable
from harness.consumers import CONSUMERS, bioimageio_core
from harness.plan.matrix import Offer, Selection, plan_cells
from harness.plan.plan import LeftOut, Plan, PlannedCell
from harness.policy import DEFAULT, Policy
from harness.policy.scan import Allow, OnUnreadable, ScanRules
from harness.verdict import Reason

TOOL = bioimageio_core.NAME
few = settings(max_examples=30)
ANY = Selection(devices=tuple(Device))

REFS = st.builds(
    ModelRef,
    id=st.text(min_size=1, max_size=4),
    version=st.sampled_from(["", "1"]),
    sha256=st.sampled_from(["a", "b"]),
    source=st.text(min_size=1, max_size=4),
)


def _model(ref: ModelRef, weights: tuple[WeightsFormat, ...]) -> Model:
    described = Description(
        id=ref.id,
        name="",
        version=ref.version,
        format_version="0.5.4",
        summary="",
        license="",
        authors=(),
        tags=(),
        cover=None,
        inputs=(),
        outputs=(),
        weights=weights,
        files=(),
        variants=(),
        tolerances=(),
    )
    return Model(ref=ref, description=described, description_path=Path("rdf.yaml"), paths={})


WEIGHTS = st.lists(st.sampled_from(WeightsFormat), min_size=1, max_size=3, unique=True).map(tuple)
FAULTS = st.sampled_from([Reason.DESCRIPTION_INVALID, Reason.DOWNLOAD_FAILED])
MODELS = st.lists(
    st.builds(_model, REFS, WEIGHTS)
    | st.builds(Unreadable, ref=REFS, reason=FAULTS, message=st.text(max_size=4)),
    max_size=4,
    unique_by=(lambda model: (model.ref.id, model.ref.version), lambda model: model.ref.source),
)


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """Environments of different names."""
    return [
        Offer(
            ref=EnvironmentRef(name=name, backend=Backend.VENV, digest=draw(st.text(max_size=3))),
            weights_formats=draw(WEIGHTS),
            consumers={TOOL: draw(st.sampled_from(["0.9", "0.11", "0.11.1"]))},
            devices=draw(st.sampled_from([(Device.CPU,), tuple(Device)])),
        )
        for name in draw(st.lists(st.text(min_size=1, max_size=3), max_size=3, unique=True))
    ]


OFFERS = offers()


def _plan(
    models: list[Model | Unreadable],
    environments: list[Offer],
    stated: dict[str, str] | None = None,
    policy: Policy = DEFAULT,
) -> tuple[tuple[PlannedCell, ...], tuple[LeftOut, ...]]:
    return plan_cells(
        models,
        consumers=CONSUMERS,
        offers=environments,
        selection=ANY,
        settings=stated or {"code": "1"},
        policy=policy,
    )


def _keys(cells: tuple[PlannedCell, ...]) -> Mapping[tuple[object, ...], str]:
    """The keys by what tells the cells of a plan apart."""
    return {
        (
            planned.cell.model.id,
            planned.cell.model.version,
            planned.cell.weights_format,
            planned.cell.environment and planned.cell.environment.name,
            planned.cell.device,
        ): planned.key
        for planned in cells
    }


def _changed(before: tuple[PlannedCell, ...], after: tuple[PlannedCell, ...]) -> set[str]:
    """The ids of the models with another key; both plans have the same cells otherwise."""
    old, new = _keys(before), _keys(after)
    assert old.keys() == new.keys()
    return {str(place[0]) for place in old if old[place] != new[place]}


@few
@given(MODELS, OFFERS)
def test_every_cell_of_a_plan_has_a_key_of_its_own(
    models: list[Model | Unreadable], environments: list[Offer]
) -> None:
    cells, _ = _plan(models, environments)
    assert len({planned.key for planned in cells}) == len(cells)


@few
@given(MODELS, OFFERS)
def test_every_weights_entry_is_planned_or_left_out(
    models: list[Model | Unreadable], environments: list[Offer]
) -> None:
    cells, left_out = _plan(models, environments)
    told = [*(planned.cell.model.id for planned in cells), *(entry.what for entry in left_out)]
    for model in models:
        if isinstance(model, Unreadable):
            (planned,) = [planned for planned in cells if planned.cell.model == model.ref]
            assert planned.settled is not None
            assert planned.settled.reason == model.reason.slug
        else:
            assert sum(what == model.ref.id or what.startswith(f"{model.ref.id} · ") for what in told) >= len(
                model.description.weights
            )


@few
@given(MODELS.filter(bool), OFFERS, st.data())
def test_changed_files_are_asked_again_and_no_others(
    models: list[Model | Unreadable], environments: list[Offer], data: st.DataObject
) -> None:
    before, _ = _plan(models, environments)
    number = data.draw(st.integers(0, len(models) - 1))
    ref = msgspec.structs.replace(models[number].ref, sha256="changed")
    models[number] = msgspec.structs.replace(models[number], ref=ref)
    after, _ = _plan(models, environments)
    planned = {cell.cell.model.id for cell in before if cell.cell.model.version == ref.version}
    assert _changed(before, after) == {ref.id} & planned


@few
@given(MODELS, OFFERS)
def test_a_model_that_can_be_read_may_move(
    models: list[Model | Unreadable], environments: list[Offer]
) -> None:
    before, _ = _plan(models, environments)
    moved: list[Model | Unreadable] = [
        msgspec.structs.replace(
            model, ref=msgspec.structs.replace(model.ref, source=f"moved {model.ref.source}")
        )
        for model in models
    ]
    after, _ = _plan(moved, environments)
    assert _changed(before, after) == {model.ref.id for model in models if isinstance(model, Unreadable)}


@few
@given(MODELS, OFFERS, st.sampled_from(["digest", "version"]))
def test_an_environment_locked_anew_asks_its_cells_again(
    models: list[Model | Unreadable], environments: list[Offer], what: str
) -> None:
    if not environments:
        return
    before, _ = _plan(models, environments)
    first = environments[0]
    if what == "digest":
        ref = msgspec.structs.replace(first.ref, digest="locked anew")
        changed = msgspec.structs.replace(first, ref=ref)
    else:
        changed = msgspec.structs.replace(first, consumers={TOOL: "0.10"})
    after, _ = _plan(models, [changed, *environments[1:]])
    old, new = _keys(before), _keys(after)
    assert old.keys() == new.keys()
    for place in old:
        *_, environment, _ = place
        if environment is not None:
            assert (old[place] != new[place]) is (environment == first.ref.name)
        elif what == "digest":
            assert old[place] == new[place]


@few
@given(MODELS, OFFERS)
def test_any_setting_asks_every_question_again(
    models: list[Model | Unreadable], environments: list[Offer]
) -> None:
    before = {planned.key for planned in _plan(models, environments)[0]}
    for stated in ({"code": "2"}, {"cod": "e1"}, {"code": "1", "repeat": "2"}):
        after = {planned.key for planned in _plan(models, environments, stated)[0]}
        assert not before & after


@few
@given(MODELS, OFFERS)
def test_another_fault_is_another_question(
    models: list[Model | Unreadable], environments: list[Offer]
) -> None:
    before, _ = _plan(models, environments)
    other: list[Model | Unreadable] = [
        msgspec.structs.replace(model, message=f"{model.message}!")
        if isinstance(model, Unreadable)
        else model
        for model in models
    ]
    after, _ = _plan(other, environments)
    assert _changed(before, after) == {model.ref.id for model in models if isinstance(model, Unreadable)}


@few
@given(MODELS, OFFERS, st.sampled_from([*WeightsFormat, None]))
def test_an_allowed_finding_asks_the_cells_again_that_it_is_about(
    models: list[Model | Unreadable], environments: list[Offer], weights: WeightsFormat | None
) -> None:
    before, _ = _plan(models, environments)
    entry = Allow(finding="imports x", why="known", weights=weights.value if weights else "*")
    policy = Policy(scan=ScanRules(allow=(entry,)))
    after, _ = _plan(models, environments, policy=policy)
    for old, new in zip(before, after, strict=True):
        about = new.settled is None and weights in (None, new.cell.weights_format)
        assert (old.key != new.key) is (new.policy != "") is about


@few
@given(MODELS, OFFERS)
def test_a_plan_knows_the_policy_that_decided_it(
    models: list[Model | Unreadable], environments: list[Offer]
) -> None:
    strict = Policy(scan=ScanRules(unreadable=OnUnreadable.BLOCK))
    for policy, other in ((DEFAULT, strict), (strict, DEFAULT)):
        cells, _ = _plan(models, environments, policy=policy)
        plan = Plan(collection="c", created_at="", harness="0", sources=(), cells=cells)
        assert plan.is_decided_by(policy)
        assert plan.is_decided_by(other) is all(planned.settled for planned in cells)
