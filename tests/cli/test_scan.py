"""``harness scan`` as users see it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from harness.cli import run_command_line
from harness.errors import ExitCode
from tests.collection.packages import content, sha256, write_model
from tests.collection.scan.payloads import HARMLESS, attack, torch_file

SYSTEM = f"{os.name}.system"


def write(folder: Path, weights: bytes) -> Path:
    """A model of torchscript with these weights and an attached script."""
    write_model(folder, content(id=folder.name, attachments=[{"source": "net.py"}]))
    (folder / "weights.pt").write_bytes(weights)
    (folder / "net.py").write_text("import torch, os\n")
    return folder


def scan(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    """Exit code and standard output."""
    code = run_command_line(["scan", *map(str, arguments)])
    return code, capsys.readouterr().out


def test_a_clean_model_and_its_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = scan(capsys, write(tmp_path / "good", torch_file(HARMLESS)))
    assert code == ExitCode.SATISFIED
    assert out == (
        "good · torchscript: clean: nothing dangerous was found in 2 files\n    net.py imports os, torch\n"
    )


def test_danger_outweighs_a_failed_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "dangerous", torch_file(attack()))
    write(tmp_path / "garbled", b"garbled")
    code, out = scan(capsys, tmp_path)
    assert code == ExitCode.FAILED
    assert f"dangerous · torchscript: dangerous:\n    weights.pt: weights/data.pkl imports {SYSTEM}\n" in out
    assert "garbled · torchscript: failed:\n    weights.pt cannot be scanned: " in out


@pytest.mark.parametrize("broken", ["weights.pt", "rdf.yaml"])
def test_a_failed_scan(broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "model", torch_file(HARMLESS))
    (tmp_path / "model" / broken).write_bytes(b"broken")
    code, out = scan(capsys, tmp_path / "model")
    assert (code, out.count("failed:")) == (ExitCode.NO_VERDICT, 1)


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write(tmp_path / "model", torch_file(attack()))
    (model / "net.py").write_text("import (")
    code, out = scan(capsys, model, "--format", "json")
    (line,) = json.loads(out)
    assert (code, line["status"], line["weights_format"]) == (ExitCode.FAILED, "dangerous", "torchscript")
    assert (line["verdict"], line["sha256"]) == ("failed", {"weights.pt": sha256(torch_file(attack()))})
    assert line["found"] == [f"weights.pt: weights/data.pkl imports {SYSTEM}"]
    assert line["sources"][0]["file"] == "net.py"
    assert "no Python" in line["sources"][0]["problem"]


def write_policy(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(f"schema = 1\n{text}\n", "utf-8")
    return path


def test_what_the_policy_lets_through_is_shown_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The digest that the first scan prints is what the policy needs."""
    data = torch_file(attack())
    write(tmp_path / "dangerous", data)
    code, out = scan(capsys, tmp_path)
    assert code == ExitCode.FAILED
    (digest,) = re.findall("    weights.pt has sha256 (.*)", out)
    entry = f'finding = "imports {SYSTEM}"\nwhy = "reviewed"\nmodel = "dangerous"\nsha256 = "{digest}"'
    policy = write_policy(tmp_path, f"[[scan.allow]]\n{entry}")
    code, out = scan(capsys, tmp_path)
    assert code == ExitCode.SATISFIED
    assert out.startswith(
        "dangerous · torchscript: dangerous, but let through:\n"
        f"    weights.pt: weights/data.pkl imports {SYSTEM} (allowed: reviewed)\n"
    )
    code, out = scan(capsys, tmp_path / "dangerous")
    assert code == ExitCode.FAILED, "no policy is looked for beside a single model"
    code, out = scan(capsys, tmp_path / "dangerous", "--policy", policy, "--format", "json")
    (line,) = json.loads(out)
    assert (code, line["status"], line["verdict"]) == (ExitCode.SATISFIED, "dangerous", "passed")
    assert (line["found"], len(line["allowed"])) == ([], 1)


def test_a_model_cannot_let_itself_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write(tmp_path / "model", torch_file(attack()))
    write_policy(model, f'[[scan.allow]]\nfinding = "imports {SYSTEM}"\nwhy = "trust me"')
    assert scan(capsys, model)[0] == ExitCode.FAILED
    assert scan(capsys, tmp_path)[0] == ExitCode.FAILED


@pytest.mark.parametrize(
    ("unreadable", "expected", "word"),
    [
        ("no-verdict", ExitCode.NO_VERDICT, "failed:"),
        ("block", ExitCode.FAILED, "failed:"),
        ("allow", ExitCode.SATISFIED, "failed, but let through:"),
    ],
)
def test_the_policy_decides_what_becomes_of_the_unreadable(
    unreadable: str, expected: ExitCode, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "model", b"garbled")
    write_policy(tmp_path, f'[scan]\nunreadable = "{unreadable}"')
    code, out = scan(capsys, tmp_path)
    assert (code, out.splitlines()[0]) == (expected, f"model · torchscript: {word}")


def test_the_sample_models_are_clean(collection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = scan(capsys, collection)
    assert code == ExitCode.SATISFIED
    assert "    unet2d.py imports torch, torch.nn\n" in out
