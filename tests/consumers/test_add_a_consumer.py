"""docs/add-a-consumer.md, followed literally: its commands are run, its code is put where it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.ledger.query import current
from harness.ledger.store import read_records
from harness.paths import cache_folder
from harness.verdict import Status
from tests.conftest import ROOT
from tests.environments.conftest import Index

pytestmark = pytest.mark.slow

DOCUMENT = ROOT / "docs" / "add-a-consumer.md"
MODEL = "nuclei-unet2d"
# The tool: it opens ONNX weights, normalises and takes the sigmoid as this one model is described.
TOYSCOPE = '''\
"""A tool of one's own."""
import numpy
import onnxruntime
import yaml

def open_model(description, weights):
    with open(description, encoding="utf-8") as stream:
        return Model(yaml.safe_load(stream), onnxruntime.InferenceSession(weights))

class Model:
    def __init__(self, described, session):
        (self.step,) = (
            step["kwargs"] for step in described["inputs"][0]["preprocessing"] if "mean" in step["kwargs"]
        )
        self.session = session

    def run(self, image):
        scaled = (image.astype("float32") - self.step["mean"]) / self.step["std"]
        (raw,) = self.session.run(None, {self.session.get_inputs()[0].name: scaled.astype("float32")})
        return 1 / (1 + numpy.exp(-raw))
'''


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the document works on, with one model in its collection."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("harness", "environments", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "collection" / MODEL, folder / "collection" / MODEL)
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    return folder


@pytest.fixture(scope="module")
def followed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every block of the document was followed; what each command printed."""
    index = Index(tmp_path_factory.mktemp("index"))
    requires = ("numpy", "onnxruntime", "pyyaml")
    index.add("toyscope", "1.0", requires=requires, beside={"toyscope.py": TOYSCOPE})
    wheels = f"{index.folder / 'files'}"
    variables = {
        **os.environ,
        "HARNESS_CACHE_DIR": str(cache_folder()),
        "UV_FIND_LINKS": ",".join(filter(None, (os.environ.get("UV_FIND_LINKS"), wheels))),
        "PYTHONPATH": str(checkout),
        "HARNESS_TESTS_NO_SKIPS": "",  # the copy has no real models beside it
    }
    printed: dict[str, str] = {}
    for language, where, block in re.findall(
        r"^```(\w+) ?(\S*)\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        if language == "python":
            put_in(checkout / where, block)
        for command in block.splitlines() if language == "sh" else ():
            program, *arguments = shlex.split(command)
            module = ["-m", "harness"] if program == "harness" else []
            done = subprocess.run(
                [sys.executable, *module, *arguments],
                cwd=checkout,
                env=variables,
                capture_output=True,
                text=True,
                check=False,
            )
            printed[command] = done.stdout + done.stderr
            assert done.returncode == 0, f"{command}\n{printed[command]}"
    return printed


def put_in(path: Path, code: str) -> None:
    """Put functions in the place of those with their names."""
    text = path.read_text("utf-8")
    for function in re.findall(r"^def .*?(?=^def |\Z)", code, re.MULTILINE | re.DOTALL):
        name = function.partition("(")[0]
        (old,) = re.findall(rf"^{re.escape(name)}\(.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
        text = text.replace(old, function.rstrip() + "\n\n\n")
    path.write_text(text.rstrip() + "\n", "utf-8")


def test_it_runs_a_model_of_the_collection(checkout: Path, followed: dict[str, str]) -> None:
    records = current(read_records(checkout / "reports" / "toyscope" / "ledger"))
    by_format = {str(record.weights_format.value): record for record in records if record.weights_format}
    assert by_format["onnx"].status is Status.PASSED, by_format["onnx"].message
    assert (by_format["onnx"].consumer.name, by_format["onnx"].consumer.version) == ("toyscope", "1.0")
    assert by_format["torchscript"].message == "Toyscope does not open torchscript weights"
    assert by_format["torchscript"].status is Status.NOT_APPLICABLE


def test_it_is_on_the_site(checkout: Path, followed: dict[str, str]) -> None:
    site = checkout / "reports" / "toyscope" / "site"
    assert "toyscope" in (site / "index.html").read_text("utf-8")
    assert (site / "consumers" / "toyscope.html").is_file()


def test_the_skeleton_keeps_the_rules_of_the_house(checkout: Path, followed: dict[str, str]) -> None:
    files = [
        line.partition(" ")[2]
        for text in followed.values()
        for line in text.splitlines()
        if line.startswith("wrote ")
    ]
    python = [file for file in files if file.endswith(".py") and "health" not in file]
    assert len(python) == 4
    for command in (("check",), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *python],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
