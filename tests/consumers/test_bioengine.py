"""BioEngine: a Hypha server of the cell's own, between a model runner and its user."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cell import Depth, WeightsFormat
from harness.collection.description import parse_description
from harness.collection.fault import ModelFault
from harness.consumers import bioengine
from harness.verdict import Blame, Reason, Status
from tests.conftest import ROOT
from tests.main_job.conftest import run_harness
from tests.zoo.building import package


def test_what_browsers_run_is_not_for_it(zoo_descriptions: dict[str, dict[str, Any]]) -> None:
    asked = 0
    for content in zoo_descriptions.values():
        with contextlib.suppress(ModelFault):  # some are invalid
            description = parse_description(content, shown="rdf.yaml").description
            for weights in description.weights:
                why = bioengine.applicable(description, weights)
                assert (why is not None) == (weights is WeightsFormat.TENSORFLOW_JS), (weights, why)
                asked += 1
    assert asked > 80


def test_a_server_that_does_not_start_is_the_tools_fault() -> None:
    """Here Hypha is not installed."""
    code = "from harness.worker.runners import hypha_server as s; print(s.start())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "ToolError: the local Hypha server ended before it was ready" in done.stderr
    assert "No module named 'uvicorn'" in done.stderr
    assert done.returncode == 1


@pytest.mark.slow
def test_real_models_reproduce_through_the_server(real_models: Path, tmp_path: Path) -> None:
    """One of them has several inputs and outputs; the other one's border changes where it is padded."""
    run = run_harness(real_models, tmp_path, "--consumer", "bioengine")
    assert run.code == 0, run.stdout + run.stderr
    assert len(run.records) == 3
    for record in run.records:
        assert (record.status, record.depth) == (Status.PASSED, Depth.RUNTIME)
        assert record.consumer.version.startswith("0.21.")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "reason", "words"),
    [
        ("raise ValueError('not today')", Reason.EXCEPTION, "ValueError: not today"),
        ("__import__('os').abort()", Reason.CRASHED, "SIGABRT"),
    ],
)
def test_faults_behind_the_server_are_the_models(
    fault: str, reason: Reason, words: str, tmp_path: Path
) -> None:
    model = tmp_path / "models" / "broken"
    with package(model, "pytorch_state_dict"):
        code = model / "unet2d.py"
        text = code.read_text("utf-8")
        code.write_text(re.sub(r"(?m)^    def forward.*$", rf"\g<0>\n        {fault}", text), "utf-8")
    both = ("--consumer", "bioengine", "--consumer", "bioimageio.core")
    run = run_harness(tmp_path / "models", tmp_path / "out", *both)
    (record,) = (record for record in run.records if record.consumer.name == "bioengine")
    assert (record.reason, record.blame) == (reason.slug, Blame.MODEL), record.message
    assert words in record.message
