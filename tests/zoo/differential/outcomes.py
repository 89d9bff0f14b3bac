"""Show every case to the reference command."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.cell import Backend, WeightsFormat
from harness.environments import store
from harness.environments.built import BuiltEnvironment
from harness.environments.spec import choose, load_all
from harness.verdict import Reason
from tests.conftest import ONNX_ENVIRONMENT
from tests.main_job.conftest import ROOT
from tests.zoo.case import Case
from tests.zoo.differential.cases import Place, placed
from tests.zoo.differential.reference import LIMITS, Outcome, reference

AT_A_TIME = 3  # some only wait
# A model that never ends has come to its endless part by then.
LIMITS_OF_A_MODEL_THAT_HANGS = msgspec.structs.replace(LIMITS, seconds=15)
_ENVIRONMENT = {
    WeightsFormat.PYTORCH_STATE_DICT: "pytorch",
    WeightsFormat.TORCHSCRIPT: "pytorch",
    WeightsFormat.KERAS_HDF5: "keras-torch",
}
ENVIRONMENTS = (ONNX_ENVIRONMENT, *sorted(set(_ENVIRONMENT.values())))


class Row(NamedTuple):
    """A case, whose verdict is the harness's, and what came of the command."""

    case: Case
    outcome: Outcome


class Measured(NamedTuple):
    """All cases, and the versions of the command's packages by name."""

    rows: list[Row]
    versions: dict[str, str]


def measure() -> Measured:
    """Run the command on every case, some at a time. The environments must be built."""
    environments = {name: _built(name) for name in ENVIRONMENTS}

    def row(place: Place) -> Row:
        name = _ENVIRONMENT.get(place.weights, ONNX_ENVIRONMENT) if place.weights else ONNX_ENVIRONMENT
        hangs = place.case.reason is Reason.TIMED_OUT
        limits = LIMITS_OF_A_MODEL_THAT_HANGS if hangs else LIMITS
        return Row(place.case, command.test(place.source, place.weights, environments[name], limits=limits))

    with (
        tempfile.TemporaryDirectory(prefix="differences-") as folder,
        placed(Path(folder)) as places,
        reference() as command,
        ThreadPoolExecutor(AT_A_TIME) as pool,
    ):
        rows = list(pool.map(row, places))
    packages = environments[ONNX_ENVIRONMENT].packages
    names = ("bioimageio.core", "bioimageio.spec")
    return Measured(rows, {name: packages[name] for name in names})


def _built(name: str) -> BuiltEnvironment:
    spec = choose(load_all(ROOT / "environments"), name)
    built = store.find(spec, Backend.VENV)
    assert built, f"build it first: python -m harness env build {name}"
    return built
