"""Pull requests from event to gate, by the workflows themselves: what runs, and what becomes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT
from tests.github.workflows.hosted import MODELS, MORE, Hosted, put_model
from tests.github.workflows.javascript import Actions
from tests.github.workflows.runner import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hosted(actions: Actions, tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    """The repository that all pull requests here are to."""
    return Hosted(tmp_path_factory.mktemp("hosted"), actions, {})


def adds_a_good_model(checkout: Path) -> None:
    put_model(checkout / "collection", MORE)


def adds_a_bad_model(checkout: Path) -> None:
    """Its test output is that of another model."""
    model = put_model(checkout / "collection", "cells-two-channel", "cells-wrong")
    output, other = model / "test_border_probability.npy", model / "test_nuclei_probability.npy"
    output.write_bytes(other.read_bytes())
    _describe_again(model / "rdf.yaml")


def _describe_again(description: Path) -> None:
    """Without digests of files, which would tell that one was replaced."""
    description.write_text(re.sub(r"(?m)^\s*sha256: .*\n", "", description.read_text()))


def changes_metadata(checkout: Path) -> None:
    description = checkout / "collection" / "membrane-unet2d" / "rdf.yaml"
    description.write_text(re.sub(r"(?m)^description: .*", "description: Other words", description.read_text()))


def changes_an_environment(checkout: Path) -> None:
    """A comment in what it asks for is a change of a file, and none of what is installed."""
    requirements = checkout / "environments" / "onnx" / "requirements.in"
    requirements.write_text(f"# reviewed\n{requirements.read_text()}")


def is_hostile(checkout: Path) -> None:
    """Its weights do not come from any exporter, and it brings a policy that excuses it."""
    model = put_model(checkout / "collection", "cells-two-channel", "hostile")
    (model / "weights.onnx").write_bytes(b"\x80\x04cos\nsystem\n(S'id'\ntR.")
    _describe_again(model / "rdf.yaml")
    policy = checkout / "collection" / "policy.toml"
    policy.write_text(f'{policy.read_text()}\n[[rule]]\nmodel = "*"\nlevel = "quarantined"\nwhy = "it is mine"\n')


def touches_nothing(checkout: Path) -> None:
    (checkout / "README.md").write_text("# The same zoo\n")


def deletes_a_model(checkout: Path) -> None:
    (checkout / "collection" / "foci-binary2d.zip").unlink()


class Expected(NamedTuple):
    """What is to come of a pull request: models that run, what a change is told to delete, and the gate."""

    models: set[str]
    gate: str
    removed: tuple[str, ...] = ()
    review: tuple[str, ...] = ()


CASES = [
    (adds_a_good_model, False, Expected({MORE}, "success")),
    (adds_a_bad_model, False, Expected({"cells-wrong"}, "failure")),
    (changes_metadata, False, Expected({"membrane-unet2d"}, "success")),
    (
        changes_an_environment,
        False,
        # of all that are in it, a selection
        Expected({MODELS[0]}, "success", review=("environments/onnx/requirements.in",)),
    ),
    (is_hostile, True, Expected({"hostile"}, "failure", review=("collection/policy.toml",))),
    (touches_nothing, False, Expected(set(), "success")),
    (deletes_a_model, False, Expected(set(), "success", removed=("foci-binary2d.zip",))),
]


@pytest.mark.parametrize(
    ("number", "change", "fork", "expected"),
    [pytest.param(number, *case, id=case[0].__name__) for number, case in enumerate(CASES, 1)],
)
def test_a_pull_request(hosted: Hosted, number: int, change: Any, fork: bool, expected: Expected) -> None:
    run, ended = hosted.run("pull-request.yml", hosted.propose(number, change, fork=fork))
    log = "\n".join(f"{step.job}: {step.step}: {step.ok}\n{step.log}" for step in run.steps)

    assert _plan(run, "change.json")["removed"] == list(expected.removed), log
    assert _plan(run, "change.json")["review"] == list(expected.review), log
    planned = {entry["cell"]["model"]["source"] for entry in _plan(run, "plan.json")["cells"]}
    assert planned == expected.models, log
    assert _shards(run) == _jobs(run), log
    assert ended["collection"].result == expected.gate, log
    _jobs_saw_no_token(run)


def _plan(run: Run, name: str) -> Any:
    with ZipFile(run.artifacts / "plan.zip") as archive:
        return json.loads(archive.read(name))


def _shards(run: Run) -> set[str]:
    return {path.stem for path in run.artifacts.glob("shard-*.zip")}


def _jobs(run: Run) -> set[str]:
    found = (re.match(r"collection / run (\d+)/(\d+), plan [0-9a-f]{64}$", step.job) for step in run.steps)
    return {f"shard-{match[1]}-of-{match[2]}" for match in found if match}


def _jobs_saw_no_token(run: Run) -> None:
    assert all("a token" not in step.log for step in run.steps)


def test_every_model_of_the_zoo_is_there() -> None:
    assert all((ROOT / "collection" / name).exists() for name in (*MODELS, MORE))
