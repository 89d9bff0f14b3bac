"""All tools that can be had here run the whole collection; what is red was looked into."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from harness.cell import Depth
from harness.verdict import Blame, Status
from tests.main_job.conftest import Run, harness

pytestmark = pytest.mark.slow

# Each with the words that show that the reason is the true one.
RED = {
    # SpotMAX cannot read format 0.4.
    ("membrane-unet2d", "pytorch_state_dict", "spotmax"): (Blame.TOOL, "spotmax/BioImageIO/model.py"),
    ("membrane-unet2d", "torchscript", "spotmax"): (Blame.TOOL, "spotmax/BioImageIO/model.py"),
    # It makes a mask of the first channel only, and of all that is not 0, so of every probability.
    ("nuclei-unet2d", "pytorch_state_dict", "spotmax"): (Blame.TOOL, "expected (1, 2, 128, 128)"),
    ("nuclei-unet2d", "torchscript", "spotmax"): (Blame.TOOL, "expected (1, 2, 128, 128)"),
    ("nuclei-unet3d", "torchscript", "spotmax"): (Blame.TOOL, "every produced value is 1"),
    # Its network is one of monai, which only the reference environment has, and it declares nothing.
    ("nuclei-unet3d", "pytorch_state_dict", "spotmax"): (Blame.METADATA, "No module named 'monai'"),
    ("nuclei-unet3d", "pytorch_state_dict", "biapy"): (Blame.METADATA, "No module named 'monai'"),
    # Its network is part of CAREamics, which it declares, but what it declares is installed for nobody else.
    ("spots-n2v2d", "pytorch_state_dict", "bioimageio.core"): (Blame.ENVIRONMENT, "named 'careamics'"),
    ("spots-n2v2d", "pytorch_state_dict", "spotmax"): (Blame.ENVIRONMENT, "named 'careamics'"),
    ("spots-n2v2d", "pytorch_state_dict", "bioengine"): (Blame.ENVIRONMENT, "named 'careamics'"),
}
TOOLS = {  # that run models here, with how many versions
    "bioimageio.core": 2,
    "careamics": 2,
    "biapy": 1,
    "stardist": 1,
    "cellpose": 1,
    "spotmax": 1,
    "onnxruntime-web": 1,
    "tensorflow.js": 1,
    "bioengine": 1,
}


@pytest.fixture(scope="module")
def run(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    output = tmp_path_factory.mktemp("every-tool")
    done = harness("run", collection, "--output", output)
    return Run(done.returncode, done.stdout, done.stderr, output)


def test_nothing_blocks_and_every_cell_is_there(run: Run) -> None:
    assert run.code == 0, run.stdout + run.stderr
    assert "300 cells (300 run now" in run.stdout


def test_every_tool_passes_something(run: Run) -> None:
    passed = {
        (record.consumer.name, record.consumer.version)
        for record in run.records
        if record.status is Status.PASSED and record.depth is not Depth.STATIC
    }
    assert Counter(name for name, _ in passed) == TOOLS


def test_what_is_red_is_what_was_looked_into(run: Run) -> None:
    red = {
        (record.model.id, record.weights_format.value, record.consumer.name): record
        for record in run.records
        if record.status in (Status.FAILED, Status.INCONCLUSIVE) and record.weights_format
    }
    assert red.keys() == RED.keys()
    for cell, (blame, words) in RED.items():
        assert (red[cell].blame, words in red[cell].message) == (blame, True), (cell, red[cell].message)


def test_what_is_not_applicable_says_why(run: Run) -> None:
    whys: defaultdict[str, set[str]] = defaultdict(set)
    for record in run.records:
        if record.status is Status.NOT_APPLICABLE:
            whys[record.consumer.name].add(record.message)
    assert whys.keys() >= TOOLS.keys()
    assert all(len(why.split()) > 4 for said in whys.values() for why in said)


def test_every_tool_has_its_column_and_page(run: Run) -> None:
    site = run.output / "site"
    index = (site / "index.html").read_text("utf-8")
    for name, versions in TOOLS.items():
        assert (site / "consumers" / f"{name}.html").is_file()
        found = {record.consumer.version for record in run.records if record.consumer.name == name}
        assert len(found) == versions
        assert all(f'data-column="{name} {version}"' in index for version in found)
