"""What users see of the command line: help, errors in one sentence, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend
from harness.cli import COMMANDS, options, run_command_line
from harness.collection.description_yaml import read_description
from harness.environments.spec import load_all
from harness.errors import ExitCode
from harness.verdict import Reason
from tests.cli.planned import outcome_of, write_ledger
from tests.conftest import ONNX_ENVIRONMENT, REFERENCE

ROOT = Path(__file__).parents[2]


def failing(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    """Exit code and the one line on standard error."""
    code = run_command_line([str(argument) for argument in arguments])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("harness: ")
    return code, lines[0]


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_every_command_has_help_with_an_example(
    command: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        run_command_line([command, "--help"] if command else ["--help"])
    assert exited.value.code == 0
    assert "example:\n  harness" in capsys.readouterr().out


def test_help_is_quick() -> None:
    def seconds(*command: str) -> float:
        """Of the processor: others may keep it from this."""
        before = os.times()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    bare = min(seconds("-c", "import argparse") for _ in range(5))
    assert min(seconds("-m", "harness", "--help") for _ in range(5)) < bare + 0.15


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_collection_that_does_not_exist(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = failing(capsys, command, tmp_path / "nowhere", "--output", tmp_path)
    assert (code, "nowhere: does not exist" in line) == (ExitCode.USAGE, True)


def test_offline_and_a_collection_of_the_web(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "0")  # put back at the end
    url = "http://127.0.0.1:9/index.json"
    code, line = failing(capsys, "run", url, "--offline", "--output", tmp_path)
    assert (code, f"{url}: is not in the cache, and downloads are switched off" in line) == (
        ExitCode.USAGE,
        True,
    )


@pytest.mark.parametrize("level", ["process", "sandbox"])
def test_images_at_a_level_that_runs_none(
    level: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--backend", "docker", "--isolation", level, "--output", tmp_path / "output")
    code, line = failing(capsys, "run", ROOT / "collection", *options)
    assert code == ExitCode.USAGE
    assert line.endswith(
        f"--isolation {level} and --backend docker do not go together: an image runs in a container; "
        "leave out --isolation, or choose another --backend"
    )
    assert not (tmp_path / "output" / "plan.json").exists()


def test_a_stored_plan_for_images_at_a_level_that_runs_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ("--select", "foci-binary2d", "--backend", "docker")
    assert (
        run_command_line(["plan", str(ROOT / "collection"), *REFERENCE, *chosen, "--output", str(tmp_path)])
        == 0
    )
    capsys.readouterr()
    stored = ("--plan", tmp_path / "plan.json", "--isolation", "sandbox")
    code, line = failing(capsys, "run", *stored, "--output", tmp_path / "output")
    assert code == ExitCode.USAGE
    assert "--isolation sandbox and --backend docker do not go together" in line


@pytest.mark.parametrize(
    ("asked", "backend", "level"),
    [
        ("auto", Backend.VENV, "auto"),
        ("sandbox", Backend.VENV, "sandbox"),
        ("auto", Backend.DOCKER, "container"),
        ("container", Backend.DOCKER, "container"),
    ],
)
def test_the_level_follows_from_what_makes_environments(asked: str, backend: Backend, level: str) -> None:
    assert options.isolation_for(asked, backend) == level


def test_an_empty_collection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    code, line = failing(capsys, "run", tmp_path / "empty", "--output", tmp_path)
    assert (code, "holds no model" in line) == (ExitCode.USAGE, True)


def test_an_environment_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = failing(capsys, "env", "show", "pytorhc")
    assert code == ExitCode.USAGE
    assert "'pytorhc'" in line
    assert "pytorch" in line


def test_a_folder_without_environments(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = failing(capsys, "plan", collection, "--environments", tmp_path, "--output", tmp_path)
    assert (code, "no environment here" in line) == (ExitCode.USAGE, True)


def test_a_version_that_no_environment_has(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--consumer", "bioimageio.core==0.9.6", "--output", tmp_path)
    code, line = failing(capsys, "plan", collection, *asked)
    assert code == ExitCode.USAGE
    assert "bioimageio.core==0.9.6: no environment has this version; there are: 0.11.0" in line


def test_a_consumer_that_does_not_exist(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = failing(capsys, "plan", collection, "--consumer", "ilastic", "--output", tmp_path)
    assert (code, "known: " in line and "bioimageio.core" in line) == (ExitCode.USAGE, True)


def test_a_selection_that_matches_nothing(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = failing(capsys, "run", collection, "--select", "no-such-*", "--output", tmp_path)
    assert (code, "matches none" in line) == (ExitCode.USAGE, True)


def test_a_selection_that_leaves_no_cell(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--select", "membrane-keras2d", "--device", "cuda", *REFERENCE)
    code, line = failing(capsys, "run", collection, *only, "--output", tmp_path)
    assert code == ExitCode.USAGE
    assert "no cell is left to run" in line
    assert "no build for cuda" in line


def test_an_output_folder_that_cannot_be_written(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    code, line = failing(capsys, "run", collection, "--output", tmp_path / "file" / "reports")
    assert code == ExitCode.USAGE
    assert str(tmp_path / "file" / "reports") in line
    assert "--output" in line


@pytest.mark.parametrize("command", ["results", "report"])
def test_no_ledger(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = failing(capsys, command, "--output", tmp_path / "nothing")
    assert (code, "there is no ledger" in line) == (ExitCode.USAGE, True)


def test_a_plan_of_another_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(
        json.dumps({"schema": 99, "collection": "c", "created_at": "", "harness": "", "cells": []})
    )
    code, line = failing(capsys, "run", "--plan", plan, "--output", tmp_path)
    assert (code, "field schema: is 99" in line) == (ExitCode.USAGE, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--jobs", "0"],
        ["run", "--jobs", "two"],
        ["run", "--timeout", "-1"],
        ["run", "--shard", "3/2"],
        ["run", "--weights", "caffe"],
        ["frobnicate"],
        [],
    ],
)
def test_wrong_usage_has_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        run_command_line(arguments)
    assert exited.value.code == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--jobs", "two", "'two' is no whole number of 1 or more"),
        ("--jobs", "1.5", "'1.5' is no whole number of 1 or more"),
        ("--timeout", "soon", "'soon' is no number of seconds above 0"),
        ("--timeout", "nan", "'nan' is no number of seconds above 0"),
    ],
)
def test_a_number_that_is_none_is_told_in_words(
    option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["run", option, value])
    assert f"argument {option}: {words}" in capsys.readouterr().err


def test_an_action_without_names_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["env"])
    assert capsys.readouterr().err.endswith("the following arguments are required: action\n")


def test_a_cell_of_another_collection(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ref = load_all(ROOT / "environments")[ONNX_ENVIRONMENT].ref(Backend.VENV)
    outcome = msgspec.structs.replace(outcome_of("strange", Reason.EXCEPTION), environment=ref)
    write_ledger(tmp_path, outcome)
    code, line = failing(capsys, "reproduce", "strange", collection, "--output", tmp_path)
    assert code == ExitCode.USAGE
    assert f"strange: {collection} has no such cell; name the COLLECTION that was tested" in line


def test_no_record_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_ledger(tmp_path, outcome_of("good"))
    assert run_command_line(["results", "--select", "bad", "--output", str(tmp_path)]) == ExitCode.SATISFIED
    assert capsys.readouterr().out == "no record fits\n"


@pytest.mark.parametrize("arguments", [["plan", "nowhere", "--debug"], ["--debug", "plan", "nowhere"]])
def test_tracebacks_are_for_debugging_only(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "environments").symlink_to(ROOT / "environments")
    with pytest.raises(Exception, match="does not exist"):
        run_command_line(arguments)


def test_planning_says_why(tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--device", "cpu", "--device", "cuda", "--weights", "onnx", "--weights", "torchscript"]
    code = run_command_line(
        [
            "plan",
            str(collection),
            "--select",
            "nuclei-unet2d",
            "--output",
            str(tmp_path),
            *REFERENCE,
            *options,
        ]
    )
    printed = capsys.readouterr().out
    assert code == 0
    assert "bioimageio.core opens onnx in onnx" in printed
    assert "nuclei-unet2d · pytorch_state_dict · bioimageio.core: not selected by --weights" in printed
    assert "bioimageio.core opens onnx in onnx-cuda, on a machine with a GPU" in printed
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert [cell["cell"]["weights_format"] for cell in plan["cells"]] == ["torchscript"] * 2 + ["onnx"] * 2


def test_a_broken_model_does_not_keep_the_others_from_the_plan(
    tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "models"
    (folder / "no-description").mkdir(parents=True)
    (folder / "good").symlink_to(collection / "nuclei-unet2d")
    code = run_command_line(["run", str(folder), "--select", "no-*", "--output", str(tmp_path / "out")])
    assert code == ExitCode.FAILED
    printed = capsys.readouterr().out
    assert "no-description: holds no description" in printed
    assert "what to do: " in printed


def test_doctor_says_what_the_machine_can_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command_line(["doctor", "--output", str(tmp_path)])
    printed = capsys.readouterr().out
    assert code in (ExitCode.SATISFIED, ExitCode.NO_VERDICT)
    assert "the main job can" in printed
    for what in ("Python", "uv", "output", "cache", "GPU", "isolation", "packages"):
        assert what in printed


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    done = subprocess.run(
        f"{sys.executable} -m harness results --format csv --output {tmp_path} | true",
        shell=True, capture_output=True, text=True, check=False, cwd=ROOT, env=dict(os.environ),
    )  # fmt: skip
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["--weights", "onx"], ["--status", "nope"]])
def test_a_wrong_choice_lists_the_right_ones(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["results", *arguments])
    assert "is none of" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [["--as-described"], ["--policy", "{policy}"]], ids=lambda asked: asked[0])
def test_cells_as_described_are_planned_where_they_are_asked_for(
    asked: list[str], tmp_path: Path, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    shutil.copytree(collection / "membrane-unet2d", models / "membrane-unet2d")
    path = models / "membrane-unet2d" / "rdf.yaml"
    content = read_description(path, shown="rdf.yaml")
    content["weights"]["onnx"]["dependencies"] = "pip:requirements.txt"
    path.write_text(json.dumps(content), "utf-8")
    path.with_name("requirements.txt").write_text("onnxruntime==1.20.1\n", "utf-8")
    policy = tmp_path / "policy.toml"
    policy.write_text("schema = 1\nas_described = true\n", "utf-8")
    plan = ["plan", str(models), "--weights", "onnx", "--output", str(tmp_path), *REFERENCE]
    assert run_command_line(plan) == 0
    assert "1 cell planned in 1 environment, " in capsys.readouterr().out.replace("\n", " ")
    assert run_command_line([*plan, *(word.format(policy=policy) for word in asked)]) == 0
    printed = capsys.readouterr().out
    assert "2 cells planned in 2 environments (1 as described), " in printed.replace("\n", " ")
    assert "bioimageio.core opens onnx in what the author declares" in printed


def test_a_plan_holds_its_own_selection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = failing(
        capsys, "run", "--plan", tmp_path / "p.json", "--weights", "onnx", "--output", tmp_path
    )
    assert (code, "holds its own selection" in line) == (ExitCode.USAGE, True)


def test_a_run_in_a_folder_with_its_own_output(tmp_path: Path) -> None:
    for folder in ("reports/ledger", "reports/site", "ledger", "site", "artifacts"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "harness", "plan", ".", "--environments", str(ROOT / "environments")],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, "holds no model" in done.stderr) == (ExitCode.USAGE, True), done.stderr


def test_a_summary_that_nobody_reads_changes_no_exit_code(tmp_path: Path) -> None:
    (tmp_path / "models" / "none").mkdir(parents=True)
    command = f"{sys.executable} -m harness run {tmp_path / 'models'} --output {tmp_path / 'out'} 2>/dev/null"
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -0; exit ${{PIPESTATUS[0]}}"], check=False, cwd=ROOT
    )
    assert done.returncode == ExitCode.FAILED


def test_records_name_no_folder_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "models" / "none").mkdir(parents=True)
    run_command_line(["run", str(tmp_path / "models"), "--output", str(tmp_path / "out")])
    published = (tmp_path / "out" / "site" / "data" / "records.json").read_text()
    assert str(tmp_path) not in published
    assert '"models (' in published
