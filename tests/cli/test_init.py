"""``harness init`` writes a repository that keeps the rules of our own, and that the harness can work in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness import jsonio
from harness.cli import run_command_line
from harness.plan.plan import Plan
from harness.policy import read_policy
from tests.conftest import ROOT
from tests.github.workflows import rules
from tests.github.workflows.sources import GITHUB, Source, read

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HARNESS = f"bioimage-io/harness@{COMMIT}"
PROGRAMS = Path(sys.executable).parent


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A new one."""
    folder = tmp_path / "zoo"
    assert run_command_line(["init", str(folder), "--harness", HARNESS]) == 0
    return folder


def _workflows(zoo: Path) -> list[Source]:
    return [read(path) for path in sorted((zoo / ".github" / "workflows").glob("*.yml"))]


def test_it_says_what_was_written_and_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "zoo"
    assert run_command_line(["init", str(folder), "--harness", HARNESS]) == 0
    written, _, following = capsys.readouterr().out.partition("\n\n")
    assert sorted(written.split("\n")) == sorted(str(path) for path in folder.rglob("*") if path.is_file())
    assert f"next, in {folder}:" in following


def test_it_overwrites_nothing(zoo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (zoo / "README.md").write_text("mine")
    (zoo / ".gitignore").unlink()
    assert run_command_line(["init", str(zoo), "--harness", HARNESS]) == 2
    assert f"{zoo / 'README.md'}: is there already; nothing was written" in capsys.readouterr().err
    assert (zoo / "README.md").read_text() == "mine"
    assert not (zoo / ".gitignore").exists()


@pytest.mark.parametrize("place", ["file", "file/zoo"])
def test_a_file_is_no_place_for_it(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run_command_line(["init", str(tmp_path / place), "--harness", HARNESS]) == 2
    assert f"{tmp_path / 'file'}: is no folder; nothing was written" in capsys.readouterr().err


def test_an_owner_is_asked_for_reviews(tmp_path: Path, zoo: Path) -> None:
    owned = tmp_path / "owned"
    assert run_command_line(["init", str(owned), "--harness", HARNESS, "--owner", "@my-org/zoo-keepers"]) == 0
    _, *lines = (owned / ".github" / "CODEOWNERS").read_text().splitlines()
    asked = dict(line.split() for line in lines)
    assert set(asked.values()) == {"@my-org/zoo-keepers"}
    assert all((owned / place.lstrip("/")).exists() for place in asked)
    assert not (zoo / ".github" / "CODEOWNERS").exists()


def test_what_else_is_in_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("free")
    assert run_command_line(["init", str(tmp_path), "--harness", HARNESS]) == 0
    assert (tmp_path / "LICENSE").read_text() == "free"


@pytest.mark.parametrize(
    "harness",
    [
        "bioimage-io/harness",
        "bioimage-io/harness@main",
        f"harness@{COMMIT}",
        f"a/b/c@{COMMIT}",
        f"a/b@{COMMIT} #",
        f"../..@{COMMIT}",
        f"a/..@{COMMIT}",
    ],
)
def test_the_harness_is_named_by_commit(
    harness: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["init", str(tmp_path / "zoo"), "--harness", harness])
    assert "is not OWNER/NAME@COMMIT" in capsys.readouterr().err
    assert not (tmp_path / "zoo").exists()


@pytest.mark.parametrize("owner", ["", "my-org/team", "@my-org/team @other", "@", "@a/b/c"])
def test_an_owner_is_a_team_or_a_person(
    owner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["init", str(tmp_path / "zoo"), "--harness", HARNESS, "--owner", owner])
    assert "is neither @ORGANISATION/TEAM nor @PERSON" in capsys.readouterr().err
    assert not (tmp_path / "zoo").exists()


def test_it_tells_how_to_get_the_very_harness_that_tests_it(zoo: Path) -> None:
    assert f'pip install "git+https://github.com/{HARNESS}"' in (zoo / "README.md").read_text()


def test_its_workflows_keep_the_rules(zoo: Path) -> None:
    workflows = _workflows(zoo)
    assert len(workflows) == 4
    assert [rules.broken(source) for source in workflows] == [[], [], [], []]


def test_linters_find_nothing(zoo: Path) -> None:
    workflows = sorted((zoo / ".github" / "workflows").glob("*.yml"))
    calls: list[tuple[str | Path, ...]] = [
        ("zizmor", "--offline", "--no-progress", "--persona", "pedantic", zoo / ".github"),
        ("check-jsonschema", "--builtin-schema", "vendor.dependabot", zoo / ".github" / "dependabot.yml"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows),
    ]
    for program, *arguments in calls:
        found = subprocess.run([PROGRAMS / program, *arguments], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout


def test_they_call_ours_with_inputs_and_rights_that_these_take(zoo: Path) -> None:
    for source in _workflows(zoo):
        for job in source.jobs.values():
            path, _, commit = job["uses"].partition("@")
            assert (path.rpartition("/.github/workflows/")[0], commit) == ("bioimage-io/harness", COMMIT)
            called = read(GITHUB / "workflows" / Path(path).name)
            declared = (called.events["workflow_call"] or {}).get("inputs", {})
            required = {name for name, each in declared.items() if each.get("required") == "true"}
            assert required <= set(job.get("with", {})) <= set(declared)
            wanted = {right for each in called.jobs.values() for right in each["permissions"].items()}
            assert {name for name, level in wanted if level == "write"} == {
                name for name, level in job["permissions"].items() if level == "write"
            }
            assert {name for name, _ in wanted} == set(job["permissions"])


def test_no_group_is_that_of_a_workflow_which_it_calls(zoo: Path) -> None:
    """GitHub ends a run as a deadlock if it waits for its own group."""
    ours = {group for path in (GITHUB / "workflows").glob("*.yml") for group in _groups(read(path))}
    called = {group for group in ours if group.startswith("harness-")}
    assert len(called) == 4
    assert not called & {group for source in _workflows(zoo) for group in _groups(source)}


def _groups(source: Source) -> set[str]:
    """Of the workflow and of its jobs."""
    found = [part.get("concurrency") for part in (source.content, *source.jobs.values())]
    return {concurrency["group"] for concurrency in found if concurrency}


def test_a_report_follows_the_workflow_of_its_name(zoo: Path) -> None:
    by_name = {source.name: source for source in _workflows(zoo)}
    (followed,) = by_name["pull-request-report.yml"].events["workflow_run"]["workflows"]
    assert followed == by_name["pull-request.yml"].content["name"]


def test_dependabot_and_policy_can_be_read(zoo: Path) -> None:
    assert yaml.safe_load((zoo / ".github" / "dependabot.yml").read_text())["version"] == 2
    assert read_policy(zoo / "collection" / "policy.toml").isolation.level is not None


def test_models_can_be_planned_in_it(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "collection" / "foci-binary2d.zip", zoo / "collection")
    monkeypatch.chdir(zoo)
    assert run_command_line(["plan", "--consumer", "bioimageio.core", "--weights", "onnx"]) == 0
    plan = jsonio.read(zoo / "reports" / "plan.json", Plan)
    assert {entry.cell.model.source for entry in plan.cells} == {"foci-binary2d.zip"}
    ignored = (zoo / ".gitignore").read_text().split()
    assert "/reports/" in ignored
