"""A small program behind the setting of DL4MicEverywhere stands in for an image, through the main job."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.verdict import Blame, Reason, Status
from tests.collection.packages import write_model

from .conftest import run_harness

pytestmark = pytest.mark.slow

# Answers with its input, or writes what Python would write of the models called so.
RUN = """#!/bin/sh
cd "$1"
case "$(grep -rh ^id: model)" in
  *broken) echo "ValueError: the network has no layers"; exit 1 ;;
  *imports) python3 model/network.py; exit 1 ;;
  *unusable) echo "ModuleNotFoundError: No module named 'bioimageio'"; exit 1 ;;
  *) test ! -e inputs/raw.npy || cp inputs/raw.npy outputs/out.npy ;;
esac
"""


def test_a_program_of_an_image_is_a_consumer(collection: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.mkdir()
    (image / "run").write_text(RUN, "utf-8")
    (image / "run").chmod(0o755)
    (image / "command.toml").write_text('version = "2.0.0"\nargv = ["./run"]\n', "utf-8")
    image.chmod(0o755)  # as images are laid out: for everybody
    found = {}
    for name in ("good", "broken", "imports", "unusable"):
        model = tmp_path / name / "model"
        entry = {"onnx": {"source": "weights.onnx", "opset_version": 18}}
        attached = [{"source": "network.py"}]
        write_model(model, id=name, weights=entry, attachments=attached)
        shutil.copy(collection / "nuclei-unet2d" / "weights.onnx", model)
        (model / "network.py").write_text("import not_declared", "utf-8")
        (model / "out.npy").write_bytes((model / "in.npy").read_bytes())
        options = ("--consumer", "dl4miceverywhere", "--timeout", "60")
        run = run_harness(
            tmp_path / name, tmp_path / f"{name}-out", *options, HARNESS_DL4MICEVERYWHERE=str(image)
        )
        (found[name],) = run.records
    assert found["good"].status is Status.PASSED, found["good"].message
    assert found["good"].consumer.version == "2.0.0"
    assert (found["broken"].reason, found["broken"].blame) == (Reason.LOAD_FAILED.slug, Blame.TOOL)
    assert "the network has no layers" in found["broken"].message
    assert found["imports"].reason == Reason.UNDECLARED_DEPENDENCY.slug, found["imports"].message
    assert found["imports"].message.startswith("ModuleNotFoundError: No module named 'not_declared'")
    assert (found["unusable"].status, found["unusable"].reason) == (
        Status.INCONCLUSIVE,
        Reason.TOOL_UNUSABLE.slug,
    )
