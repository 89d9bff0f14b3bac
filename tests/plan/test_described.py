"""Cells as described: what becomes of a declaration in the plan, and who shares an environment."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.cell import Backend, Depth, Device, EnvironmentRef, WeightsFormat
from harness.collection.model import Model
from harness.consumers import Consumer
from harness.environments import store
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.spec import EnvironmentSpec, load_all
from harness.plan.described import Declared, read_declarations
from harness.plan.make import Planned, declared_by, make_plan
from harness.plan.matrix import Offer, Selection, plan_cells
from harness.plan.plan import LeftOut, Plan, PlannedCell
from harness.policy import Level
from harness.verdict import Blame, Reason, Status
from tests.collection import packages
from tests.conftest import ROOT
from tests.environments.conftest import Maker

TORCHSCRIPT, ONNX = WeightsFormat.TORCHSCRIPT, WeightsFormat.ONNX
TOOL = cast(
    Consumer,
    SimpleNamespace(
        DEPTH=Depth.TOOL,
        LEVEL=Level.REQUIRED,
        DISTRIBUTION="tool",
        NEEDS=("tiny<9",),
        TITLE="Tool",
        OWNER="tool-team",
        TESTED=">=0",
        applicable=lambda _description, weights: (
            "tool opens no Keras" if weights is WeightsFormat.KERAS_HDF5 else None
        ),
    ),
)
TOOLS = {"tool": TOOL}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def specs(tmp_path: Path) -> dict[str, EnvironmentSpec]:
    make = Maker(tmp_path / "environments")
    locks = {"another": "tool==1.0\n", "torch-own": "tool==2.0\ntorch==2.13.0\n"}
    return {name: make(name, lock=lock) for name, lock in locks.items()}


def offer(name: str, version: str, *weights: WeightsFormat) -> Offer:
    ref = EnvironmentRef(name=name, backend=Backend.VENV, digest=name)
    return Offer(ref=ref, weights_formats=weights, consumers={"tool": version})


OFFERS = [offer("another", "1.0", *WeightsFormat), offer("torch-own", "2.0", TORCHSCRIPT)]


def model(
    folder: Path,
    text: str,
    *,
    manager: str = "pip",
    weights: WeightsFormat = TORCHSCRIPT,
    version: str | None = "2.1.0+cu118",
) -> Model:
    """A model of format 0.4 whose only weights declare what is in a file."""
    entry = {**packages.old_content()["weights"]["torchscript"], "dependencies": f"{manager}:declared.txt"}
    if version is not None:
        entry["pytorch_version"] = version
    packages.write_model(folder, packages.old_content(), weights={weights.value: entry})
    (folder / "declared.txt").write_text(text)
    return packages.good(folder)


def declared(*models: Model, specs: dict[str, EnvironmentSpec], backend: Backend = Backend.VENV) -> Declared:
    return read_declarations(models, specs=specs, offers=OFFERS, consumers=TOOLS, backend=backend)


def planned(
    *models: Model, found: Declared, devices: tuple[Device, ...] = (Device.CPU,)
) -> tuple[list[PlannedCell], list[LeftOut]]:
    """The cells beside those in the current environments."""
    cells, left_out = plan_cells(
        models,
        consumers=TOOLS,
        offers=OFFERS,
        selection=Selection(devices=devices),
        settings={},
        described=found.of,
    )
    described = [cell for cell in cells if cell.cell.environment and cell.cell.environment.as_described]
    assert len(cells) - len(described) == 2 * len(models)
    return described, [left for left in left_out if "as described" in left.what]


def test_a_cell_of_its_own_for_the_same_weights_in_the_same_tool(
    tmp_path: Path, specs: dict[str, EnvironmentSpec]
) -> None:
    tested = model(tmp_path, "tqdm==4.0+cpu\n")
    found = declared(tested, specs=specs)
    ((cell,), left_out) = planned(tested, found=found)
    (spec,) = found.specs.values()
    assert isinstance(spec, DeclaredSpec)
    assert (spec.declaration.pip, spec.needs) == (("tqdm==4.0",), ("tool==2.0", "tiny<9", "torch==2.1.0"))
    assert cell.cell.environment == spec.ref(Backend.VENV)
    assert (cell.cell.consumer.version, cell.depth) == ("2.0", Depth.TOOL)
    assert cell.why == "tool opens torchscript in what the author declares"
    assert cell.notes == (
        "tqdm==4.0+cpu (without the label, which names a build that few indexes have)",
        "torch==2.1.0 (not declared: as the weights entry states)",
    )
    assert left_out == []
    assert spec.folder == store.entry_folder(spec.ref(Backend.VENV))


def test_who_asks_for_the_same_shares_an_environment(
    tmp_path: Path, specs: dict[str, EnvironmentSpec]
) -> None:
    models = [
        model(tmp_path / "a", "tqdm\nnumpy==1.26\n"),
        model(tmp_path / "b", "# the same\nNumPy == 1.26 ; \ntqdm\n".replace(" ; ", "")),
        model(tmp_path / "c", "name: c\ndependencies: [{pip: [tqdm, numpy==1.26]}]", manager="conda"),
        model(tmp_path / "d", "tqdm\nnumpy==1.26\n", version="2.2.0"),
        model(tmp_path / "e", "tqdm\nnumpy==1.26\n", weights=ONNX, version=None),
    ]
    found = declared(*models, specs=specs)
    names = [found.of[tested.ref.source, tested.weights[0], "tool"].environment for tested in models]
    assert len({names[0], names[1], names[2]}) == 1
    assert len({*names}) == 3 == len(found.specs)


def test_a_declaration_that_nobody_could_follow_has_failed(
    tmp_path: Path, specs: dict[str, EnvironmentSpec]
) -> None:
    tested = model(tmp_path, "tqdm=4.0=py38_0\n")
    found = declared(tested, specs=specs)
    ((cell,), _) = planned(tested, found=found)
    assert cell.settled
    assert cell.settled.message == (
        "declared.txt: tqdm=4.0=py38_0: is no requirement; write for example package==1.2"
    )
    verdict = cell.settled.verdict
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.ENVIRONMENT_UNSATISFIABLE)
    assert (verdict.blame, cell.settled.blame) == (Blame.ENVIRONMENT, Blame.ENVIRONMENT)
    assert found.specs == {}


def test_what_is_only_not_done_here_is_no_answer(tmp_path: Path, specs: dict[str, EnvironmentSpec]) -> None:
    tested = model(tmp_path, "git+https://a.org/b.git\n")
    ((cell,), _) = planned(tested, found=declared(tested, specs=specs))
    assert cell.settled
    verdict = cell.settled.verdict
    assert (verdict.status, verdict.blame) == (Status.INCONCLUSIVE, Blame.ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "manager", "backend", "why"),
    [
        ("<project/>", "maven", Backend.VENV, "declared.txt is for maven, which installs nothing for Python"),
        (
            "dependencies: [cellpose, numpy=1.26]",
            "conda",
            Backend.VENV,
            "declared.txt declares conda packages (cellpose, numpy=1.26); use --backend conda",
        ),
        ("tqdm", "pip", Backend.DOCKER, "environments as described are not made with docker"),
    ],
)
def test_what_is_left_out_with_the_reason(
    text: str, manager: str, backend: Backend, why: str, tmp_path: Path, specs: dict[str, EnvironmentSpec]
) -> None:
    tested = model(tmp_path, text, manager=manager)
    cells, (left,) = planned(tested, found=declared(tested, specs=specs, backend=backend))
    assert cells == []
    assert left.what == f"{tested.ref.id} · torchscript · tool · as described"
    assert left.why.startswith(why)


def test_a_file_that_is_gone_since_the_model_was_read(
    tmp_path: Path, specs: dict[str, EnvironmentSpec]
) -> None:
    tested = model(tmp_path, "tqdm")
    (tmp_path / "declared.txt").unlink()
    cells, (left,) = planned(tested, found=declared(tested, specs=specs))
    assert cells == []
    assert left.why == "declared.txt cannot be read any more (No such file or directory)"


def test_another_device_is_left_out(tmp_path: Path, specs: dict[str, EnvironmentSpec]) -> None:
    tested = model(tmp_path, "tqdm")
    found = declared(tested, specs=specs)
    cells, left_out = plan_cells(
        [tested],
        consumers=TOOLS,
        offers=OFFERS,
        selection=Selection(devices=(Device.CUDA,)),
        settings={},
        described=found.of,
    )
    assert cells == ()
    assert ("environments as described are built for cpu") in [left.why for left in left_out]


def test_weights_that_the_tool_does_not_open_are_not_looked_at(
    tmp_path: Path, specs: dict[str, EnvironmentSpec]
) -> None:
    tested = model(tmp_path, "tqdm", weights=WeightsFormat.KERAS_HDF5, version=None)
    assert declared(tested, specs=specs).of == {}


def test_without_an_environment_nothing_is_known_of_the_tool(
    tmp_path: Path, specs: dict[str, EnvironmentSpec]
) -> None:
    tested = model(tmp_path, "tqdm")
    found = read_declarations([tested], specs=specs, offers=[], consumers=TOOLS, backend=Backend.VENV)
    assert found.of == {}


def test_a_plan_knows_which_cells_are_as_described(tmp_path: Path, specs: dict[str, EnvironmentSpec]) -> None:
    models = [model(tmp_path / "a", "tqdm"), model(tmp_path / "b", "-e .")]
    found = declared(*models, specs=specs)
    cells, left_out = plan_cells(
        models, consumers=TOOLS, offers=OFFERS, selection=Selection(), settings={}, described=found.of
    )
    plan = Plan(
        collection="", created_at="", harness="", sources=(), cells=cells, left_out=left_out, settings={}
    )
    own = {cell.key for cell in cells if cell.cell.environment and not cell.cell.environment.as_described}
    assert (len(cells), len(own)) == (6, 4)
    assert plan.comparable == own
    same_tool = {cell.key for cell in cells if cell.cell.consumer.version == "2.0"} & own
    assert plan.described_in.keys() == same_tool
    assert len({*plan.described_in.values()}) == len(same_tool) == 2
    assert {environment.name for environment in plan.environments} == {*found.specs, *specs}


def test_a_plan_of_a_collection_and_its_environments_again(tmp_path: Path) -> None:
    """What a stored plan needs to run is worked out anew from the models, and must be the same."""
    model(tmp_path / "a", "tqdm")
    model(tmp_path / "b", "numpy")
    specs = load_all(ROOT / "environments")

    def made(*, as_described: bool) -> Planned:
        return make_plan(
            str(tmp_path),
            specs=specs,
            backend=Backend.VENV,
            selection=Selection(models=("a",), consumers=("bioimageio.core",)),
            settings={},
            created_at="now",
            as_described=as_described,
        )

    assert made(as_described=False).declared == {}
    planned = made(as_described=True)
    (name,) = planned.declared
    assert [cell.cell.environment.name for cell in planned.plan.cells if cell.cell.environment] == [
        "pytorch",
        name,
    ]
    again = declared_by(planned.models, specs, planned.plan)
    assert len(again) == 2
    assert again[name] == planned.declared[name]
