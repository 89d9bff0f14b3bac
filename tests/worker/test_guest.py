"""The worker is a guest: it needs the standard library only, and old Pythons can read it."""

from __future__ import annotations

import ast
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

import harness.worker
from harness.execute.stage import stage_worker
from harness.worker import protocol

FOLDER = Path(harness.worker.__file__).parent
OLDEST = (3, 8)


def test_it_imports_without_site_packages(tmp_path: Path) -> None:
    stage_worker(tmp_path)
    modules = [path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"]
    code = f"import sys; sys.path[0] = {str(tmp_path)!r}\n" + "".join(
        f"import harness_worker.{module}\n" for module in modules
    )
    subprocess.run([sys.executable, "-S", "-I", "-c", code], check=True)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.name)
def test_it_is_written_for_python_3_8(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=OLDEST)


@pytest.mark.may_skip  # Python 3.8 is not maintained any more, and no longer easy to get
def test_a_real_python_3_8_runs_it(tmp_path: Path) -> None:
    python = _python_3_8()
    stage_worker(tmp_path)
    events = _replied(python, tmp_path, "bioimageio_core")
    assert [event["event"] for event in events] == ["stage", "error", "end"]
    assert (events[1]["stage"], events[1]["missing_module"]) == ("import", "numpy")


NEEDY = """
def prepare(job):
    pass

def needs(job):
    assert job.weights.endswith("weights.onnx")
    return ["a" * 1000, *map(str, range(30))]

def load(job):
    raise SystemExit(3)
"""


def test_what_the_weights_need_is_told_in_short_before_they_are_loaded(tmp_path: Path) -> None:
    stage_worker(tmp_path)
    (tmp_path / "harness_worker" / "runners" / "needy.py").write_text(NEEDY)
    events = _replied(sys.executable, tmp_path, "needy")
    assert [event["event"] for event in events] == ["stage", "stage", "needs", "error", "end"]
    assert events[2]["names"] == ["a" * 200, *map(str, range(19))]


def _replied(python: str, folder: Path, runner: str) -> list[dict[str, Any]]:
    """What the worker that is staged in ``folder`` replies to a job."""
    job = {
        "protocol": protocol.VERSION,
        "runner": runner,
        "description": "rdf.yaml",
        "weights": "weights.onnx",
        "weights_format": "onnx",
        "device": "cpu",
        "threads": 1,
        "reply": str(folder / "reply"),
        "tasks": [],
    }
    (folder / "job.json").write_text(json.dumps(job))
    code = f"import sys; sys.path[0] = {str(folder)!r}\nimport harness_worker.main as m\nm.work(sys.argv[1])"
    subprocess.run([python, "-S", "-c", code, str(folder / "job.json")], check=True)
    return [json.loads(line) for line in (folder / "reply").read_text().splitlines()]


def _python_3_8() -> str:
    # Version managers put a script of that name on the PATH which may refuse: ask each candidate.
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which("python3.8"), *versions.glob("3.8*/bin/python3.8")]
    found = next((str(path) for path in candidates if path and _starts(path)), None)
    if found is None or os.name == "nt":
        pytest.skip("needs a Python 3.8 (python3.8 on the PATH)")
    return found


def test_an_error_is_told_with_its_causes(tmp_path: Path) -> None:
    with protocol.Reply(str(tmp_path / "reply")) as reply:
        try:
            try:
                importlib.import_module("a_module_that_nobody_has")
            except ImportError as error:
                raise ValueError("outer") from error
        except ValueError as error:
            reply.error("load", None, error)
    event = json.loads((tmp_path / "reply").read_text())
    assert (event["type"], event["message"]) == ("ValueError", "outer")
    assert event["missing_module"] == "a_module_that_nobody_has"
    assert event["causes"][1].startswith("ModuleNotFoundError: No module named")


def _starts(python: str | Path) -> bool:
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


def test_the_place_of_an_error_is_the_models_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = tmp_path / f"net_{'0' * 64}.py"
    source.write_text("import json\n\n\ndef forward():\n    json.loads('{')\n")
    names: dict[str, Any] = {}
    exec(compile(source.read_text(), str(source), "exec"), names)  # noqa: S102
    with protocol.Reply(str(tmp_path / "reply")) as reply:
        try:
            names["forward"]()
        except ValueError as error:
            reply.error("run", "reproduces", error)
    event = json.loads((tmp_path / "reply").read_text())
    assert event["where"] == "net.py, line 5, in forward"
    assert event["in_worker"] is False
