"""A new version of a tool, from the package index to the page of the run, by the workflow itself.

The environment is the project's own for ONNX with one package more, which is published beside the index here.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

import pytest

from harness.cli import run_command_line
from harness.environments import lock, spec
from harness.paths import cache_folder
from tests.conftest import ROOT
from tests.environments.conftest import Index
from tests.github.double.server import TOKEN
from tests.github.workflows.events import event
from tests.github.workflows.hosted import MODELS, Hosted
from tests.github.workflows.javascript import Actions
from tests.github.workflows.repositories import commit, git
from tests.github.workflows.runner import Run
from tests.github.workflows.sources import GITHUB, read

pytestmark = pytest.mark.slow

PACKAGE = "harness_release"
PAYLOADS = ROOT / "tests" / "github" / "payloads"
HEALTH = f"import bioimageio.core\nimport onnxruntime\nimport {PACKAGE}\nprint({PACKAGE}.version)\n"
# Begins with the interpreter: each output of ONNX Runtime is one more than it should be.
BREAKS = {
    "breaks.pth": "import breaks\n",
    "breaks.py": """\
from onnxruntime.capi import onnxruntime_inference_collection as collection

run = collection.Session.run
collection.Session.run = lambda *given, **named: [output + 1 for output in run(*given, **named)]
""",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    made = Index(tmp_path_factory.mktemp("index"))
    made.add(PACKAGE, "1.0")
    return made


@pytest.fixture(scope="module")
def hosted(actions: Actions, index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A repository whose tool has version 1.0, with which a night was run and published."""
    folder = tmp_path_factory.mktemp("hosted")
    variables = {
        "HARNESS_CACHE_DIR": str(folder / "cache"),
        "UV_CACHE_DIR": str(cache_folder() / "tests" / "uv"),
        "UV_FIND_LINKS": str(index.folder / "files"),
    }
    made = Hosted(folder, actions, variables)
    environment = made.path / "environments" / "onnx"
    text = (environment / "environment.toml").read_text()
    text = re.sub(r"(?m)^versioned = .*", f'versioned = "{PACKAGE}"', text)
    (environment / "environment.toml").write_text(re.sub(r"(?m)^versions = .*", 'versions = ["1.0"]', text))
    (environment / "health.py").write_text(HEALTH)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        assert run_command_line(["env", "lock", "--environments", str(environment.parent)]) == 0
    for other in [*environment.glob("requirements-1.3*.lock"), *environment.glob("environment-1.3*.yml")]:
        other.unlink()
    commit(made.path, {}, "A tool")
    run, ended = made.run("nightly.yml", {**made.night(), "token": TOKEN})
    assert {outcome.result for outcome in ended.values()} == {"success"}, _log(run)
    yield made
    shutil.rmtree(folder / "cache")


def happens(hosted: Hosted, name: str, **changes: Any) -> dict[str, Any]:
    """The context ``github`` of an event as GitHub sends it, but for some fields."""
    payload = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    sha = git(hosted.path, "rev-parse", "main")
    run_id = str(7000 + len(hosted.runs))
    return {**event(name), "event": {**payload, **changes}, "sha": sha, "run_id": run_id, "token": TOKEN}


def the_clock(hosted: Hosted) -> dict[str, Any]:
    (cron,) = read(GITHUB / "workflows" / "tool-release.yml").events["schedule"]
    return happens(hosted, "schedule", schedule=cron["cron"])


def results(hosted: Hosted, github: dict[str, Any]) -> tuple[Run, dict[str, str]]:
    run, ended = hosted.run("tool-release.yml", github)
    return run, {name: outcome.result for name, outcome in ended.items()}


def test_without_a_new_version_nothing_runs(hosted: Hosted) -> None:
    run, ended = results(hosted, the_clock(hosted))
    assert ended == {"find": "success", "collection": "skipped", "compare": "skipped"}, _log(run)
    assert f"onnx: {PACKAGE} 1.0 is the newest" in _log(run)
    assert not run.artifacts.exists()


def test_the_column_of_a_new_version_runs_and_nothing_else(hosted: Hosted, index: Index) -> None:
    index.add(PACKAGE, "1.1")
    run, ended = results(hosted, the_clock(hosted))
    assert ended == {"find": "success", "collection": "success", "compare": "success"}, _log(run)
    assert _planned(run) == {(model, "onnx-1.1", False) for model in MODELS}
    assert _ran(run) == {(model, "onnx-1.1") for model in MODELS}
    summary = run.summaries["compare"]
    assert summary.startswith("## ✓ `published` → `reports`: 3 same green\n"), summary
    assert "3 passed" in run.summaries["collection / gate"]
    assert git(hosted.path, "status", "--porcelain") == "", "what was found is for people to propose"

    found = run.folder / "found" / "onnx"
    with ZipFile(run.artifacts / "environments.zip") as archive:
        archive.extractall(found.parent)
    new, old = spec.load_versions(found)
    before, after = (lock.pins(each.lock.read_text()) for each in (old, new))
    assert {name for name in {**before, **after} if before.get(name) != after.get(name)} == {
        "harness-release"
    }
    assert old.lock.read_bytes() == (hosted.path / "environments" / "onnx" / old.lock.name).read_bytes()


def test_what_regresses_is_on_the_page_of_the_run(hosted: Hosted, index: Index) -> None:
    """Started by hand for one tool; what its version was before is what is published."""
    index.add(PACKAGE, "1.2", beside=BREAKS)
    asked = happens(hosted, "workflow_dispatch", inputs={"consumer": "bioimageio.core"})
    run, ended = results(hosted, asked)
    assert ended == {"find": "success", "collection": "failure", "compare": "failure"}, _log(run)
    assert _ran(run) == {(model, "onnx-1.2") for model in MODELS}
    summary = run.summaries["compare"]
    assert summary.startswith("## ✗ `published` → `reports`: 3 regressed\n\n### Regressed: 3\n"), summary
    assert summary.count("| `onnx-1.2` | ✓ passed | ✗ failed | values differ beyond tolerance |") == 3, (
        summary
    )


def test_a_version_that_cannot_be_locked_is_red(hosted: Hosted, index: Index) -> None:
    index.add(PACKAGE, "1.3", requires=("numpy<1",))
    run, ended = results(hosted, the_clock(hosted))
    assert ended == {"find": "failure", "collection": "skipped", "compare": "skipped"}, _log(run)
    assert "onnx: 1.3 taken out again: it has no lock" in _log(run)


def _planned(run: Run) -> set[tuple[str, str, bool]]:
    """Models, environments, and whether it need not run."""
    with ZipFile(run.artifacts / "plan.zip") as archive:
        cells = json.loads(archive.read("plan.json"))["cells"]
    return {
        (each["cell"]["model"]["source"], each["cell"]["environment"]["name"], each.get("recorded", False))
        for each in cells
    }


def _ran(run: Run) -> set[tuple[str, str]]:
    """Models and environments of which the shards have records."""
    found = set()
    for shard in run.artifacts.glob("shard-*.zip"):
        with ZipFile(shard) as archive:
            for name in archive.namelist():
                if re.fullmatch(r"ledger/[^/]+\.jsonl", name):
                    for line in archive.read(name).splitlines():
                        record = json.loads(line)
                        found.add((record["model"]["source"], record["environment"]["name"]))
    return found


def _log(run: Run) -> str:
    return "\n".join(f"{step.job}: {step.step}: {step.ok}\n{step.log}" for step in run.steps)
