"""BiaPy takes what it takes by its own check, says the same as in the zoo, and predicts as described."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from harness.cell import Backend, Depth, WeightsFormat
from harness.collection.description import parse_description
from harness.collection.description_yaml import read_description
from harness.consumers import biapy, biapy_check
from harness.environments import store
from harness.environments.spec import load_all
from harness.verdict import Check, CheckStatus, Reason, Status
from tests.conftest import ROOT, SHARED
from tests.main_job.conftest import run_harness

STATE_DICT = WeightsFormat.PYTORCH_STATE_DICT
PUBLISHED_VERSION = "3.6.8"
ASK = """
import json, sys
from harness.worker.runners import biapy, biapy_compatibility
biapy.warm()
answers = {}
for name, content in json.load(sys.stdin).items():
    try:
        answers[name] = biapy_compatibility.compatibility(content)
    except Exception as error:
        answers[name] = True, f"{type(error).__name__}: {error}"
print("answers:", json.dumps(answers))
"""
# The check of 3.6.8 crashes on these (format 0.4 with a fixed shape), and nothing was published of them.
CRASHES = {"laid-back-lobster", "loyal-squid", "noisy-fish", "powerful-fish", "thoughtful-turtle"}


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (["segmentation", "nuclei"], None),
        (["semantic-segmentation", "detection"], None),
        (["denoising"], None),
        (["instance-segmentation", "segmentation"], "makes instances of the output"),
        (["detection"], "makes the places of objects of the output"),
    ],
)
def test_what_it_makes_of_an_output(collection: Path, tags: list[str], why: str | None) -> None:
    content = read_description(collection / "nuclei-unet2d" / "rdf.yaml", shown="rdf.yaml")
    description = parse_description({**content, "tags": tags}, shown="rdf.yaml").description
    said = biapy.applicable(description, STATE_DICT)
    assert (said is None) if why is None else (said is not None and why in said)


def test_other_weights_and_several_inputs(collection: Path) -> None:
    content = read_description(collection / "cells-two-channel" / "rdf.yaml", shown="rdf.yaml")
    description = parse_description(content, shown="rdf.yaml").description
    assert biapy.applicable(description, WeightsFormat.ONNX) == "BiaPy opens PyTorch state dicts only"
    assert biapy_check.applicable(description, WeightsFormat.ONNX) == "BiaPy opens PyTorch state dicts only"
    said = biapy.applicable(description, STATE_DICT)
    assert said == "BiaPy opens models with one input only, this one has 2"
    assert biapy_check.applicable(description, STATE_DICT) is None


def published() -> dict[str, tuple[bool, str]]:
    """What the zoo says of BiaPy's check in one version, by model: whether it refused, and its words."""
    found = {}
    with tarfile.open(SHARED / "zoo" / "zoo-snapshot.tar.xz") as snapshot:
        for member in snapshot:
            if member.name.endswith(f"/biapy_{PUBLISHED_VERSION}.json"):
                stream = snapshot.extractfile(member)
                assert stream is not None
                report = json.load(stream)
                found[member.name.split("/")[-4]] = (report["status"] == "failed", report["error"].strip())
    return found


@pytest.mark.slow
def test_the_check_says_what_the_zoo_has_published(zoo_descriptions: dict[str, dict[str, Any]]) -> None:
    built = store.ensure(load_all(ROOT / "environments")["biapy-check"], Backend.VENV, on_progress=print)
    models = {name: content for name, content in zoo_descriptions.items() if "weights" in content}
    done = subprocess.run(
        [built.python, "-c", ASK],
        cwd=ROOT,
        input=json.dumps(models),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    answers = {
        name: tuple(answer) for name, answer in json.loads(done.stdout.partition("answers:")[2]).items()
    }
    expected = published()
    assert len(expected) > 80
    assert {name: answers[name] for name in expected if name in answers} == expected
    assert {name for name in answers if name not in expected} == CRASHES
    for name in CRASHES:
        assert answers[name] == (
            True,
            "AttributeError: 'list' object has no attribute 'get'",
        )


@pytest.mark.slow
def test_it_predicts_and_refuses(collection: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("nuclei-unet2d", "membrane-unet2d"):
        shutil.copytree(collection / name, models / name)
    shutil.copytree(collection / "nuclei-unet2d", models / "without-a-tag")
    path = models / "without-a-tag" / "rdf.yaml"
    text = path.read_text("utf-8").replace("id: nuclei-unet2d\n", "id: without-a-tag\n")
    path.write_text(text.replace(" segmentation,", ""), "utf-8")

    options = ("--consumer", "biapy", "--consumer", "biapy-check", "--weights", "pytorch_state_dict")
    run = run_harness(models, tmp_path / "output", *options)

    def found(depth: Depth) -> dict[str, tuple[Status, str | None]]:
        cells = [record for record in run.records if record.depth is depth and record.environment]
        return {
            record.model.id: (record.status, record.reason)
            for record in cells
            if record.environment is not None and record.environment.name == "biapy"
        }

    refused = (Status.NOT_APPLICABLE, Reason.REFUSED_BY_TOOL.slug)
    passed = (Status.PASSED, None)
    expected = {"nuclei-unet2d": passed, "membrane-unet2d": refused, "without-a-tag": refused}
    assert found(Depth.TOOL) == expected, run.stdout + run.stderr
    assert found(Depth.STATIC) == expected
    (tool,) = [r for r in run.records if r.status is Status.PASSED and r.depth is Depth.TOOL]
    as_called = tool.check(Check.AS_CALLED)
    assert as_called
    assert as_called.status is CheckStatus.FAILED, "it cuts the image into patches of the smallest size"
