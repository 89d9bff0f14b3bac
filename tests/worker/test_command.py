"""The runner of command lines: what a program is given, and what becomes of each way in which it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.worker.protocol import VERSION, FilesError, Job, ToldError, ToolError
from harness.worker.runners import command, dl4miceverywhere
from harness.worker.runners.command import Pattern
from tests.conftest import ROOT

PATTERNS = (Pattern("out of memory", "MemoryError"), Pattern("no engine", "ToolError"))
DOUBLES = """
    import json, sys
    from pathlib import Path
    import numpy
    folder = Path(sys.argv[-1])
    job = json.loads((folder / "job.json").read_text())
    print("began", job["action"])
    if job["action"] == "predict":
        (given,), (asked,) = job["inputs"], job["outputs"]
        numpy.save(folder / asked["file"], 2 * numpy.load(folder / given["file"]))
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job with one input and one output; the temporary folder is the test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "model" / "more").mkdir(parents=True)
    (tmp_path / "model" / "rdf.yaml").write_text("type: model", "utf-8")
    (tmp_path / "model" / "more" / "weights.onnx").write_bytes(b"weights")
    np.save(tmp_path / "raw.npy", np.arange(6, dtype="float32").reshape(1, 1, 2, 3))
    content = {
        "protocol": VERSION,
        "runner": "command",
        "description": "model/rdf.yaml",
        "weights": "model/more/weights.onnx",
        "weights_format": "onnx",
        "device": "cpu",
        "threads": 2,
        "reply": "reply",
        "inputs": [{"name": "raw", "axes": ["batch", "channel", "y", "x"]}],
        "outputs": [{"name": "../mask", "axes": ["batch", "channel", "y", "x"]}],
        "tasks": [],
    }
    (tmp_path / "job").write_text(json.dumps(content), "utf-8")
    return Job(str(tmp_path / "job"))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes the program that is the command."""

    def write(text: str) -> None:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(text), "utf-8")
        monkeypatch.setenv("HARNESS_COMMAND", json.dumps({"argv": [sys.executable, str(path), "--headless"]}))

    return write


def _predict(job: Job, tmp_path: Path) -> np.ndarray[Any, Any]:
    opened = command.load(job, PATTERNS, pictures=True)
    outputs, seconds = command.predict(opened, [str(tmp_path / "raw.npy")], str(tmp_path / "out"))
    assert [output["name"] for output in outputs] == ["../mask"]
    assert seconds > 0
    found: np.ndarray[Any, Any] = np.load(tmp_path / "out" / outputs[0]["file"])
    return found


def test_a_program_gets_the_model_and_the_inputs_and_hands_back_arrays(
    job: Job, program: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program(DOUBLES)
    assert _predict(job, tmp_path).tolist() == [[[[0, 2, 4], [6, 8, 10]]]]
    assert capfd.readouterr().err == "began open\nbegan predict\n", "the log of the cell has what it says"
    assert not list(tmp_path.glob("command-*")), "nothing is left"


def test_what_is_in_the_folder(job: Job, program: Any, tmp_path: Path) -> None:
    program(
        DOUBLES + "\n    else:\n        sys.exit()"
        "\n    (folder.parent / 'seen').write_text(json.dumps([job,"
        " sorted(str(p.relative_to(folder)) for p in folder.rglob('*')),"
        " (folder / job['weights']).read_text(), (folder / job['description']).read_text()]))"
    )
    _predict(job, tmp_path)
    told, files, weights, description = json.loads((tmp_path / "seen").read_text("utf-8"))
    assert told == {
        "contract": 1,
        "action": "predict",
        "description": "model/rdf.yaml",
        "weights": "model/more/weights.onnx",
        "weights_format": "onnx",
        "device": "cpu",
        "threads": 2,
        "inputs": [{"name": "raw", "axes": ["batch", "channel", "y", "x"], "file": "inputs/raw.npy"}],
        "outputs": [{"name": "../mask", "axes": ["batch", "channel", "y", "x"], "file": "outputs/_mask.npy"}],
    }
    expected = {"inputs/raw.npy", "inputs/raw.tif", "job.json", "model", "outputs/_mask.npy"}
    assert expected <= set(files), "no name leads out of the folder"
    assert (weights, description) == ("weights", "type: model")


@pytest.mark.parametrize(
    ("told", "error", "words"),
    [
        ({"type": "ToolError", "message": "no engine"}, ToolError, "no engine"),
        ({"type": "java.io.IOException", "message": "short"}, ToldError, "short"),
        ({"message": "short"}, ToolError, "error.json of the command cannot be read: KeyError"),
        ("[", ToolError, "error.json of the command cannot be read: JSONDecodeError"),
    ],
)
def test_what_a_program_tells_of_an_error(
    told: object, error: type[Exception], words: str, job: Job, program: Any
) -> None:
    text = told if isinstance(told, str) else json.dumps(told)
    program(f"import sys; open(sys.argv[-1] + '/error.json', 'w').write({text!r}); sys.exit(1)")
    with pytest.raises(error, match=words) as caught:
        command.load(job, PATTERNS)
    if isinstance(caught.value, ToldError):
        assert caught.value.kind == "java.io.IOException"


@pytest.mark.parametrize(
    ("line", "error", "kind"),
    [("Error: out of memory", ToldError, "MemoryError"), ("no engine", ToolError, "")],
)
def test_the_last_line_that_says_something_decides(
    line: str, error: type[Exception], kind: str, job: Job, program: Any
) -> None:
    program(f"import sys; print('no engine, or out of memory?'); print({line!r}); print('bye'); sys.exit(3)")
    with pytest.raises(error, match=line) as caught:
        command.load(job, PATTERNS)
    assert getattr(caught.value, "kind", "") == kind


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python tool in a folder of its own, which imports the model's code ``network.py``."""
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "tool.py").write_text("import sys; sys.path.insert(0, sys.argv[-1] + '/model'); import network")
    monkeypatch.setenv("HARNESS_COMMAND", json.dumps({"argv": [sys.executable, str(folder / "tool.py")]}))
    monkeypatch.setenv("HARNESS_COMMAND_FOLDER", str(folder))
    return folder


def test_what_the_image_cannot_import_is_no_fault_of_a_model(job: Job, image: Path, tmp_path: Path) -> None:
    (tmp_path / "model" / "network.py").write_text("")
    (image / "tool.py").write_text("import not_in_the_image")
    with pytest.raises(ToolError, match=r"^ModuleNotFoundError: No module named 'not_in_the_image'$"):
        dl4miceverywhere.load(job)


@pytest.mark.parametrize(
    ("code", "kind", "missing", "message"),
    [
        (
            "import not_declared.layers",
            "ModuleNotFoundError",
            "not_declared",
            "No module named 'not_declared'",
        ),
        ("from os import layers", "ImportError", None, r"cannot import name 'layers' from 'os' \(.*\)"),
        ("raise ImportError('no layers')", "ImportError", None, "no layers"),
    ],
)
def test_what_the_code_of_a_model_cannot_import_is_no_fault_of_the_tool(
    code: str, kind: str, missing: str | None, message: str, job: Job, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "model" / "network.py").write_text(code, "utf-8")
    with pytest.raises(ToldError, match=f"^{message}$") as caught:
        dl4miceverywhere.load(job)
    assert (caught.value.kind, caught.value.missing_module) == (kind, missing)


def test_code_of_a_model_that_the_tool_puts_elsewhere_is_the_models(
    job: Job, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "architecture_0.py").write_text("import not_declared", "utf-8")
    (image / "tool.py").write_text(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import architecture_0"
    )
    with pytest.raises(ToldError, match="not_declared"):
        dl4miceverywhere.load(job)


def test_a_script_that_the_tool_puts_into_its_folder_is_the_tools(
    job: Job, image: Path, tmp_path: Path
) -> None:
    (image / "tool.py").write_text(
        "import runpy, sys; path = sys.argv[-1] + '/script.py';"
        " open(path, 'w').write('import not_in_the_image'); runpy.run_path(path)"
    )
    with pytest.raises(ToolError, match="not_in_the_image"):
        dl4miceverywhere.load(job)


def test_a_program_that_says_nothing_is_wrong_and_writes_nothing(
    job: Job, program: Any, tmp_path: Path
) -> None:
    program("print('could not do it')")
    with pytest.raises(
        ToldError, match=r"wrote no outputs/_mask.npy; last lines of its log:\ncould not do it"
    ):
        _predict(job, tmp_path)


def test_a_program_that_is_not_there(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_COMMAND", '{"argv": ["bin/tool"]}')
    monkeypatch.setenv("HARNESS_COMMAND_FOLDER", str(tmp_path))
    with pytest.raises(ToolError, match=f"{tmp_path}/bin/tool cannot be started: No such file"):
        command.load(job)


def test_inputs_that_cannot_be_handed_over(job: Job, program: Any, tmp_path: Path) -> None:
    program(DOUBLES)
    opened = command.load(job)
    with pytest.raises(FilesError, match="the command's folder cannot be made"):
        command.predict(opened, [str(tmp_path / "gone.npy")], str(tmp_path / "out"))


@pytest.mark.parametrize(("end", "code"), [("sys.exit(3)", 3), ("os.kill(os.getpid(), 11)", -11)])
def test_the_worker_ends_as_the_program_has_ended(
    end: str, code: int, job: Job, program: Any, tmp_path: Path
) -> None:
    program(f"import os, sys; {end}")
    script = (
        "from harness.worker.protocol import Job; from harness.worker.runners import command;"
        f" command.load(Job({str(tmp_path / 'job')!r}))"
    )
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environ, check=False)
    assert ended.returncode == code
