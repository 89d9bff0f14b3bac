"""A tool of the Java world through the whole main job: a small program of our own behind Fiji's setting."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from harness.verdict import Blame, Reason, Status
from tests.collection.packages import write_model

from .conftest import Run, run_harness

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parent / "java" / "Multiply.java"
# Of an ONNX file, as protocol buffers: the graph y = Relu(x), float32 of length 3, and opset 13.
GRAPH = bytes.fromhex(
    "3a330a0c0a0178120179220452656c751201675a0f0a0178120a0a08080112040a020803"
    "620f0a0179120a0a08080112040a0208034202100d"
)
RUN = """#!/bin/sh
exec {java} -Xmx64m -XX:+UseSerialGC -cp "$(dirname "$0")" Multiply "$@"
"""


class Expected(NamedTuple):
    """What becomes of weights that are this word."""

    reason: Reason | None
    blame: Blame | None = None
    says: str = ""


EXPECTED = {
    "2": Expected(None),
    "3": Expected(Reason.VALUES_DIFFER, Blame.TOOL),
    "halts": Expected(Reason.PROCESS_EXITED, Blame.TOOL, "exited with code 7 while loading the model"),
    "hangs": Expected(Reason.TIMED_OUT, Blame.TOOL, "while loading the model"),
    "throws": Expected(Reason.LOAD_FAILED, Blame.TOOL, "IllegalStateException: the network has no layers"),
    "memory": Expected(Reason.MEMORY_LIMIT, Blame.INFRASTRUCTURE, "OutOfMemoryError: Java heap space"),
    "unsupported": Expected(Reason.UNSUPPORTED_PREPROCESSING, Blame.TOOL, "postprocessing step softmax"),
}


@pytest.fixture(scope="session")
def fiji(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that HARNESS_FIJI names."""
    programs = [shutil.which(name) for name in ("javac", "java")]
    if None in programs:
        pytest.skip("needs a JDK (javac and java)")
    javac, java = (str(Path(str(program)).resolve()) for program in programs)
    folder = tmp_path_factory.mktemp("fiji")
    folder.chmod(0o755)  # as tools are installed: for everybody
    subprocess.run([javac, "-d", str(folder), str(SOURCE)], check=True)
    (folder / "run").write_text(RUN.format(java=java), "utf-8")
    (folder / "run").chmod(0o755)
    (folder / "command.toml").write_text('version = "2.16.0"\nargv = ["./run", "--headless"]\n', "utf-8")
    return folder


def _collection(folder: Path, *weights: str) -> Path:
    for word in weights:
        entry = {"onnx": {"source": "weights.onnx", "opset_version": 18}}
        model = folder / f"weights-{word}"
        write_model(model, id=model.name, weights=entry)
        producer = b"\x12" + bytes([len(word)]) + word.encode()
        (model / "weights.onnx").write_bytes(b"\x08\x08" + producer + GRAPH)
        np.save(model / "out.npy", 2 * np.load(model / "in.npy"))
    return folder


def _run(fiji: Path, tmp_path: Path, *weights: str) -> Run:
    collection = _collection(tmp_path / "models", *weights)
    options = ("--consumer", "fiji", "--timeout", "20")
    return run_harness(collection, tmp_path / "out", *options, HARNESS_FIJI=str(fiji))


def test_a_java_program_is_a_consumer_like_any_other(fiji: Path, tmp_path: Path) -> None:
    run = _run(fiji, tmp_path, *EXPECTED)
    found = {record.model.id.removeprefix("weights-"): record for record in run.records}
    assert found.keys() == EXPECTED.keys(), run.stderr
    for word, expected in EXPECTED.items():
        record = found[word]
        reason = expected.reason.slug if expected.reason else None
        assert (record.reason, record.blame) == (reason, expected.blame), (word, record.message)
        assert expected.says in record.message
        assert (record.consumer.name, record.consumer.version) == ("fiji", "2.16.0")
    assert found["2"].status is Status.PASSED
    assert str(fiji) not in (run.output / "plan.json").read_text("utf-8"), (
        "where it lives is nobody's business"
    )


def test_an_engine_that_is_missing_is_held_against_the_tool(fiji: Path, tmp_path: Path) -> None:
    (record,) = _run(fiji, tmp_path, "no-engine").records
    assert (record.status, record.reason) == (Status.INCONCLUSIVE, Reason.TOOL_UNUSABLE.slug)
    assert "NoClassDefFoundError: ai/onnxruntime/OrtSession" in record.message


def test_without_the_setting_nothing_is_planned(tmp_path: Path) -> None:
    run = run_harness(_collection(tmp_path / "models", "2"), tmp_path / "out", "--consumer", "fiji")
    assert run.records == []
    assert "no environment has fiji" in (run.output / "plan.json").read_text("utf-8")
