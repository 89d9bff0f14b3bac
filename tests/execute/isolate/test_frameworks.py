"""Frameworks start and compute in a sandbox as they do outside."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.built import run_variables
from harness.environments.spec import load_all
from harness.execute.isolate import requirements
from harness.execute.isolate.level import Mount
from harness.execute.isolate.process import Process
from tests.conftest import ONNX_ENVIRONMENT, ROOT
from tests.execute.isolate.confined import run_python

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")]

CODE = {
    "pytorch": (
        "import torch\n"
        "torch.manual_seed(0)\n"
        "layer = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 1, 3))\n"
        "print(float(layer(torch.ones(1, 1, 64, 64)).double().sum()).hex())"
    ),
    ONNX_ENVIRONMENT: (
        "import numpy, onnxruntime\n"
        "session = onnxruntime.InferenceSession('MODEL', providers=['CPUExecutionProvider'])\n"
        "(x,) = session.get_inputs()\n"
        "pixels = numpy.linspace(0, 1, 64 * 64, dtype='float32').reshape(1, 1, 64, 64)\n"
        "print(float(session.run(None, {x.name: pixels})[0].astype('float64').sum()).hex())"
    ),
}


@pytest.mark.parametrize("name", list(CODE))
def test_the_same_result_as_outside(name: str, collection: Path, tmp_path: Path) -> None:
    (weights,) = (collection / "nuclei-unet2d").glob("*.onnx")
    mount = Mount(source=weights.absolute(), target="/model.onnx")
    spec = load_all(ROOT / "environments")[name]
    built = store.ensure(spec, Backend.VENV, on_progress=lambda _: None)
    printed: list[str] = []
    for confinement in (requirements.sandbox(), Process()):
        folder = tmp_path / confinement.level.value
        folder.mkdir()
        env = {**run_variables(built, threads=1), "HOME": "."}
        code = CODE[name].replace("MODEL", confinement.path(mount))
        ran = run_python(confinement, code, folder, python=built.python, env=env, mounts=(mount,))
        assert ran.finished.ok, ran.printed
        printed.append(ran.printed.split()[-1])
    assert printed[0] == printed[1]
