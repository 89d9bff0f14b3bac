"""What a run prints at its end, and its exit code."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cli.finish import explain, finish
from harness.cli.progress import QuietConsole
from harness.errors import ExitCode
from harness.ledger.gate import decide
from harness.ledger.record import Artifact
from harness.ledger.survey import Survey
from harness.policy import DEFAULT, Level, Policy, read_policy
from harness.verdict import Reason
from tests.cli.planned import outcome_of, planned, write_ledger, write_policy
from tests.policy.cells import TODAY, rule

GOOD = outcome_of("good")
DIFFERS = outcome_of("differs", Reason.VALUES_DIFFER)
SILENT = outcome_of("silent", Reason.NO_REPLY)


def end_of_run(output: Path, policy: Policy = DEFAULT, *, gate_later: bool = False) -> ExitCode:
    outcomes = (GOOD, SILENT, DIFFERS)
    write_ledger(output, *outcomes)
    survey = Survey(collection="zoo", at=GOOD.started_at, sources=(), keys=())
    cells = [planned(outcome) for outcome in outcomes]
    return finish(
        cells, output, run="run", ran=2, survey=survey, site_url="", policy=policy, gate_later=gate_later
    )


def test_the_end_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert end_of_run(tmp_path) is ExitCode.FAILED
    assert capsys.readouterr().out.splitlines() == [
        "✗ differs · onnx · bioimageio.core · onnx: failed: values differ beyond tolerance (0.0 s)",
        "    why: differs: what happened",
        "    who can act: the model",
        f"    what to do: {DIFFERS.hint}",
        f"    run it again: harness reproduce differs --output {tmp_path}",
        "? silent · onnx · bioimageio.core · onnx: no verdict: worker gave no reply (0.0 s)",
        "    why: silent: what happened",
        "    who can act: the test infrastructure",
        f"    what to do: {SILENT.hint}",
        f"    run it again: harness reproduce silent --output {tmp_path}",
        "3 cells (2 run now, 1 unchanged): 1 passed, 1 failed, 1 no verdict",
        f"1 of 3 cells failed; 1 of 3 cells has no verdict; report: {tmp_path / 'site' / 'index.html'}",
    ]


def test_what_the_policy_changed_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = Policy(rules=(rule(Level.ADVISORY, model="silent"), rule(Level.QUARANTINED, model="differs")))
    assert end_of_run(tmp_path, policy) is ExitCode.SATISFIED
    printed = capsys.readouterr().out.splitlines()
    assert "    does not block: rule 1 (model silent): advisory, because so" in printed
    assert "    does not block: rule 2 (model differs): quarantined, because so" in printed
    assert "3 cells (2 run now, 1 unchanged): 1 passed, 1 no verdict" in printed
    assert printed[-1].startswith(
        "none of 3 cells blocks; 1 advisory and not passed; 1 quarantined; report: "
    )


SILENT_IS_ADVISORY = Policy(rules=(rule(Level.ADVISORY, model="silent"),))


@pytest.mark.parametrize(
    ("policy", "at_once", "later"),
    [
        (DEFAULT, ExitCode.FAILED, ExitCode.NO_VERDICT),
        (SILENT_IS_ADVISORY, ExitCode.FAILED, ExitCode.SATISFIED),
        (Policy(rules=(rule(Level.ADVISORY),)), ExitCode.SATISFIED, ExitCode.SATISFIED),
    ],
)
def test_what_failed_may_be_left_to_the_gate(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    policy: Policy,
    at_once: ExitCode,
    later: ExitCode,
) -> None:
    left = "what failed is for the gate to decide on (--gate-later)"
    assert end_of_run(tmp_path, policy) is at_once
    assert left not in capsys.readouterr().out
    assert end_of_run(tmp_path, policy, gate_later=True) is later
    assert (left in capsys.readouterr().out) == (at_once is ExitCode.FAILED)


def test_an_expired_waiver_ends_a_run_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = 'reasons = ["crashed"]\nowner = "@o"\nwhy = "w"\nexpires = 2020-02-02\n'
    gone = lines.replace("2020", "2019")
    policy = write_policy(tmp_path, f'[[waiver]]\n{lines}[[waiver]]\nmodel = "gone"\n{gone}')
    assert end_of_run(tmp_path, read_policy(policy)) is ExitCode.FAILED
    printed = capsys.readouterr().out
    assert "waiver 1 (every cell) of @o expired on 2020-02-02" in printed
    assert (
        "\npolicy: waiver 2 (model gone) of @o expired on 2019-02-02 and matches no planned cell" in printed
    )


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ("", []),
        ("one :x: [b]two", ["    why: one :x: [b]two"]),
        ("one\n  two\nthree", ["    why: one", "      two", "    three"]),
        ("1\n2\n3\n4\n5\n6", ["    why: 1", "    2", "    3", "    …", "    6"]),
        (f"{'a' * 300}{'z' * 300}", [f"    why: {'a' * 200} … {'z' * 200}"]),
    ],
)
def test_a_message_is_shown_as_it_is_without_the_middle_of_a_long_one(
    message: str, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = msgspec.structs.replace(DIFFERS, message=message)
    (decided,) = decide({told.key: told.cell}, [told], DEFAULT, today=TODAY).cells
    explain(told, decided, QuietConsole(highlight=False), Path("my reports"))
    _, *printed = capsys.readouterr().out.splitlines()
    assert printed == [
        *lines,
        "    who can act: the model",
        f"    what to do: {told.hint}",
        "    run it again: harness reproduce differs --output 'my reports'",
    ]


def test_the_log_is_named_where_it_is_still_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = tuple(Artifact(kind="log", path=path, bytes=1) for path in ("kept.txt", "gone.txt"))
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "kept.txt").write_text("x")
    explain(msgspec.structs.replace(DIFFERS, artifacts=logs), None, QuietConsole(), tmp_path)
    printed = capsys.readouterr().out
    assert f"    log: {tmp_path / 'artifacts' / 'kept.txt'}\n" in printed
    assert "gone.txt" not in printed
