"""``harness gate`` on plans and ledgers that were made by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from harness.cli import run_command_line
from harness.errors import ExitCode
from harness.verdict import Reason
from tests.cli.planned import outcome_of, write_ledger, write_plan, write_policy
from tests.conftest import ROOT

GOOD = outcome_of("good")
DIFFERS = outcome_of("differs", Reason.VALUES_DIFFER)
SILENT = outcome_of("silent", Reason.NO_REPLY)
WAIVED = '[[waiver]]\nmodel = "differs"\nreasons = ["values-differ"]\nowner = "@octocat"\nwhy = "known"\n'
HOLDS, EXPIRED = f"{WAIVED}expires = 9999-12-31\n", f"{WAIVED}expires = 2020-02-02\n"


def gate(output: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "gate", "--output", str(output), *map(str, options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8"},
    )


def test_all_is_well(tmp_path: Path) -> None:
    write_plan(tmp_path, GOOD, SILENT)
    write_ledger(tmp_path, GOOD, SILENT, outcome_of("silent"))
    done = gate(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "policy: none, so every cell is what its tool asks for\n"
        "all 2 cells have a verdict, and none failed (exit code 0)\n"
    )


def test_a_red_cell_is_told_with_reason_blame_and_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_plan(tmp_path, GOOD, DIFFERS, SILENT)
    write_ledger(tmp_path, GOOD, DIFFERS)
    policy = write_policy(tmp_path, "")
    assert run_command_line(["gate", "--output", str(tmp_path)]) == ExitCode.FAILED
    assert capsys.readouterr().out.splitlines() == [
        "✗ differs · onnx · bioimageio.core · onnx: failed: values differ beyond tolerance (0.0 s)",
        "    why: differs: what happened",
        "    who can act: the model",
        f"    what to do: {DIFFERS.hint}",
        f"    run it again: harness reproduce differs --output {tmp_path}",
        "    rule: no rule matches: required",
        "! silent · onnx · bioimageio.core · onnx · cpu: no record",
        "    rule: every planned cell needs a record, whatever its level",
        f"policy: {policy}",
        "1 of 3 cells failed; 1 of 3 planned cells has no record (exit code 1)",
    ]


RULE = '[[rule]]\nwhy = "new"\nlevel = '
BESIDE_THE_MODELS = [
    (
        HOLDS,
        0,
        "1 waived: waiver 1 (model differs): values-differ until 9999-12-31 by @octocat, because known",
    ),
    (
        HOLDS + HOLDS.replace('"differs"', '"good"'),
        0,
        "policy: waiver 2 (model good) of @octocat is no longer ",
    ),
    (EXPIRED, 1, "    rule: no rule matches: required; waiver 1 (model differs) expired on 2020-02-02"),
    (EXPIRED, 1, "1 of 2 cells failed; waiver 1 (model differs) of @octocat expired on 2020-02-02: renew it"),
    (f'{RULE}"advisory"', 0, "1 counted: rule 1 (every cell): advisory, because new"),
    (f'{RULE}"quarantined"', 0, "2 ignored: rule 1 (every cell): quarantined, because new"),
]


@pytest.mark.parametrize(("policy", "code", "line"), BESIDE_THE_MODELS)
def test_the_policy_beside_the_models_holds(
    policy: str, code: int, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_plan(tmp_path, GOOD, DIFFERS)
    write_ledger(tmp_path, GOOD, DIFFERS)
    write_policy(tmp_path, policy)
    assert run_command_line(["gate", "--output", str(tmp_path)]) == code
    assert any(printed.startswith(line) for printed in capsys.readouterr().out.splitlines())


def test_plan_and_policy_can_be_named(tmp_path: Path) -> None:
    write_plan(tmp_path, DIFFERS)
    write_ledger(tmp_path, DIFFERS)
    (tmp_path / "plan.json").rename(tmp_path / "other.json")
    policy = write_policy(tmp_path, HOLDS).rename(tmp_path / "mine.toml")
    done = gate(tmp_path, "--plan", tmp_path / "other.json", "--policy", policy)
    assert done.returncode == 0
    assert f"policy: {policy}\n" in done.stdout
    assert done.stdout.endswith("none of 1 cell blocks; 1 waived (exit code 0)\n")


def test_only_the_first_few_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = [outcome_of(f"m{number}", Reason.VALUES_DIFFER) for number in range(7)]
    write_plan(tmp_path, *many)
    write_ledger(tmp_path, *many)
    assert run_command_line(["gate", "--output", str(tmp_path)]) == ExitCode.FAILED
    printed = capsys.readouterr().out
    assert printed.count("what to do: ") == 5
    assert "… and 2 more; --explain lists every cell\n" in printed


def test_every_cell_is_explained_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faulty = msgspec.structs.replace(
        outcome_of("faulty", Reason.DESCRIPTION_INVALID), weights_format=None, environment=None
    )
    write_plan(tmp_path, GOOD, DIFFERS, SILENT, outcome_of("gone"), faulty)
    write_ledger(tmp_path, GOOD, DIFFERS, SILENT, faulty)
    write_policy(tmp_path, HOLDS.replace("known", "known " * 60) + '[[rule]]\nlevel = "required"\nwhy = "so"')
    assert run_command_line(["gate", "--explain", "--output", str(tmp_path)]) == ExitCode.FAILED
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[0].split()) == "model weights consumer environment device verdict level effect rule"
    rows = {line.split()[0]: " ".join(line.split()) for line in lines[1:6]}
    cell = "onnx bioimageio.core 0.11.0 onnx cpu"
    assert rows["good"] == f"good {cell} passed required passes rule 1 (every cell): required, because so"
    assert rows["differs"].startswith(f"differs {cell} failed required waived waiver 1 (model differs): ")
    assert rows["differs"].endswith("known known")
    assert rows["silent"].startswith(f"silent {cell} no verdict required no verdict rule 1 ")
    assert rows["faulty"].startswith("faulty – bioimageio.core 0.11.0 – cpu failed required blocks rule 1 ")
    assert rows["gone"].startswith(f"gone {cell} – required no record every planned cell ")


def test_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_plan(tmp_path, DIFFERS)
    write_ledger(tmp_path, DIFFERS)
    code = run_command_line(["gate", "--format", "json", "--output", str(tmp_path)])
    decision = json.loads(capsys.readouterr().out)
    assert code == decision["exit_code"] == ExitCode.FAILED
    assert decision["sentence"] == "1 of 1 cell failed"
    assert decision["counts"] == {"passed": 0, "failed": 1, "not-applicable": 0, "inconclusive": 0}
    (cell,) = decision["cells"]
    assert cell["cell"]["model"]["id"] == "differs"
    assert {name: cell[name] for name in ("key", "status", "reason", "level", "effect", "rule")} == {
        "key": "differs",
        "status": "failed",
        "reason": "values-differ",
        "level": "required",
        "effect": "blocks",
        "rule": "no rule matches: required",
    }


@pytest.mark.parametrize("options", ["--explain", "--format json", ""])
def test_a_reader_that_stops_reading_changes_no_exit_code(options: str, tmp_path: Path) -> None:
    many = [outcome_of(f"m{number}", Reason.VALUES_DIFFER) for number in range(300)]
    write_plan(tmp_path, *many)
    write_ledger(tmp_path, *many)
    command = (
        f"{sys.executable} -m harness gate --output {tmp_path} {options} | true; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (ExitCode.FAILED, "")


def failing(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one line on standard error of a command that is used wrongly."""
    assert run_command_line(["gate", *map(str, arguments)]) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    line = failing(capsys, "--output", output)
    assert line == (
        f"harness: {output / 'plan.json'}: there is no plan; `harness run --output {output}` makes one"
    )
    write_plan(output, GOOD)
    line = failing(capsys, "--output", output)
    assert (
        line == f"harness: {output / 'ledger'}: there is no ledger; `harness run --output {output}` makes one"
    )
    write_ledger(output, GOOD)
    line = failing(capsys, "--output", output, "--policy", tmp_path / "no.toml")
    assert line.startswith(f"harness: {tmp_path / 'no.toml'}: cannot be read")
    (output / "plan.json").write_text("{}")
    assert failing(capsys, "--output", output).startswith(f"harness: {output / 'plan.json'}: ")


def test_a_policy_by_which_nothing_was_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_ledger(tmp_path, GOOD)
    write_plan(tmp_path, GOOD)
    policy = write_policy(tmp_path, '[checks]\nrequired = ["determinism"]')
    line = failing(capsys, "--output", tmp_path)
    what = "its required checks, bounds of tolerance or rules for scans are not those of the plan"
    assert f"policy: {policy}: {what}" in line
    write_plan(tmp_path, GOOD, settings={"threads": "1", "policy.checks": "determinism"})
    assert run_command_line(["gate", "--output", str(tmp_path)]) == 0
    policy.unlink()
    assert "policy: none, so every cell is what its tool asks for: its " in failing(
        capsys, "--output", tmp_path
    )


def test_an_allowed_finding_by_which_a_cell_was_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ledger(tmp_path, GOOD)
    write_plan(tmp_path, GOOD)
    allowed = '[[scan.allow]]\nfinding = "imports x"\nwhy = "known"\nweights = '
    write_policy(tmp_path, f'{allowed}"keras_*"')
    assert run_command_line(["gate", "--output", str(tmp_path)]) == 0, "it is about no cell of the plan"
    write_policy(tmp_path, f'{allowed}"onnx"')
    assert "rules for scans are not those of the plan" in failing(capsys, "--output", tmp_path)
