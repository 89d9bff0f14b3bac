"""Weights formats and devices of one model against each other; the outputs that are kept for it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from harness.cell import Backend, Cell, ConsumerRef, Device, EnvironmentRef, WeightsFormat
from harness.collection.model import Model
from harness.execute import kept
from harness.execute.conclude.agreement import agreement, hint_of_device
from harness.execute.conclude.question import Question
from harness.verdict import PASSED, CheckStatus, Reason, Verdict

ONES = np.ones((1, 1, 4, 4), "float32")
KEYS = {"k", "s", "old", "new", "itself", "tool"}
ONNX, TORCH = WeightsFormat.ONNX, WeightsFormat.PYTORCH_STATE_DICT


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def cell(model: Model) -> Cell:
    return Cell(
        model=model.ref,
        weights_format=TORCH,
        consumer=ConsumerRef(name="bioimageio.core", version="0.11.0"),
        environment=EnvironmentRef(name="pytorch", backend=Backend.VENV, digest="d"),
        device=Device.CPU,
    )


def other(cell: Cell, weights: WeightsFormat = ONNX, device: Device = Device.CPU, **changes: object) -> Cell:
    return msgspec.structs.replace(cell, weights_format=weights, device=device, **changes)


def keep(cell: Cell, offset: float, *, key: str = "k", reproduces: bool = True) -> None:
    kept.keep(cell, key, (ONES + np.float32(offset),), reproduces=reproduces)


def test_the_first_cell_has_nothing_to_be_compared_with(cell: Cell, question: Question) -> None:
    check, pairs = agreement(cell, (ONES,), kept.others(cell, keys=KEYS), question)
    assert (check.status, pairs) == (CheckStatus.SKIPPED, ())


def test_formats_that_agree(cell: Cell, question: Question) -> None:
    keep(other(cell), 0.05)
    check, (pair,) = agreement(cell, (ONES,), kept.others(cell, keys=KEYS), question)
    assert (check.status, check.message) == (CheckStatus.PASSED, "agrees with onnx")
    assert pair.agrees
    assert pair.max_abs_diff == pytest.approx(0.05)


def test_a_pair_tells_which_tolerance_was_applied(cell: Cell, question: Question) -> None:
    keep(other(cell), 0.05, reproduces=False)
    _, (pair,) = agreement(cell, (ONES,), kept.others(cell, keys=KEYS), question)
    wider = question.tolerance(question.model.description.outputs[0].id, also=ONNX)
    assert (pair.atol, pair.rtol, pair.reproduces) == (wider.atol, wider.rtol, False)


def test_a_hint_where_only_the_gpu_differs(cell: Cell, question: Question) -> None:
    on_gpu = other(cell, TORCH, Device.CUDA)
    failed = Verdict.because(Reason.VALUES_DIFFER, "far off")
    keep(cell, 0.0)
    _, pairs = agreement(on_gpu, (ONES + 9,), kept.others(on_gpu, keys=KEYS), question)
    assert hint_of_device(on_gpu, failed, pairs).startswith("Only the GPU differs")
    assert hint_of_device(on_gpu, PASSED, pairs) == ""
    assert hint_of_device(cell, failed, pairs) == ""
    assert hint_of_device(other(cell, ONNX, Device.CUDA), failed, pairs) == ""
    keep(cell, 9.0, reproduces=False)
    _, pairs = agreement(on_gpu, (ONES + 9,), kept.others(on_gpu, keys=KEYS), question)
    assert hint_of_device(on_gpu, failed, pairs) == ""


def test_the_wider_tolerance_of_the_two_holds(cell: Cell, question: Question) -> None:
    keep(other(cell), 0.15)
    assert agreement(cell, (ONES,), kept.others(cell, keys=KEYS), question)[0].status is CheckStatus.PASSED
    keep(other(cell), 0.25)
    assert agreement(cell, (ONES,), kept.others(cell, keys=KEYS), question)[0].status is CheckStatus.FAILED


def test_formats_that_disagree(cell: Cell, question: Question) -> None:
    keep(other(cell), 0.5, reproduces=False)
    keep(other(cell, WeightsFormat.TORCHSCRIPT), 0.0, key="s")
    check, pairs = agreement(cell, (ONES,), kept.others(cell, keys=KEYS), question)
    assert check.reason == Reason.FORMATS_DISAGREE.slug
    first, last = check.message.splitlines()[0], check.message.splitlines()[-1]
    assert first.startswith("differs from onnx, which does not reproduce the declared outputs: output prob")
    assert last == "agrees with torchscript"
    assert [pair.agrees for pair in pairs] == [False, True]


def test_devices_that_disagree(cell: Cell, question: Question) -> None:
    keep(other(cell, TORCH, Device.CUDA), 0.5)
    check, _ = agreement(cell, (ONES,), kept.others(cell, keys=KEYS), question)
    assert check.reason == Reason.DEVICES_DISAGREE.slug
    assert check.message.startswith("differs from pytorch_state_dict on cuda, which reproduces")


def test_another_number_of_outputs_is_a_disagreement(cell: Cell, question: Question) -> None:
    keep(other(cell), 0.0)
    check, (pair,) = agreement(cell, (ONES, ONES), kept.others(cell, keys=KEYS), question)
    assert check.status is CheckStatus.FAILED
    assert pair.max_abs_diff is None


def test_only_the_newest_of_the_same_model_and_tool_in_this_plan_is_kept_in_mind(cell: Cell) -> None:
    keep(other(cell), 0.1, key="old")
    keep(other(cell), 0.2, key="new")
    keep(cell, 0.3, key="itself")
    keep(other(cell, consumer=ConsumerRef(name="bioimageio.core", version="0.9")), 0.4, key="tool")
    keep(other(cell, WeightsFormat.KERAS_V3), 0.5, key="of-a-former-environment")
    for time, key in enumerate(("old", "new", "itself", "tool", "of-a-former-environment")):
        _age(cell, key, time)
    ((meta, (array,)),) = kept.others(cell, keys=KEYS)
    assert meta.weights_format is ONNX
    assert array[0, 0, 0, 0] == pytest.approx(1.2)


def test_outputs_that_are_too_large_are_not_kept(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_CELL_BYTES", ONES.nbytes - 1)
    keep(other(cell), 0.0)
    assert kept.others(cell, keys=KEYS) == []


def test_the_oldest_goes_first(cell: Cell, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    for time, weights in enumerate((ONNX, WeightsFormat.TORCHSCRIPT, WeightsFormat.KERAS_V3)):
        keep(other(cell, weights), 0.0, key=weights.value)
        _age(cell, weights.value, time)
    folder = cache / "outputs" / cell.model.sha256[:32]
    one = sum(file.stat().st_size for file in (folder / "onnx").iterdir())
    monkeypatch.setattr(kept, "MAX_BYTES", 2.5 * one)
    kept.prune()
    assert sorted(path.name for path in folder.iterdir()) == ["keras_v3", "torchscript"]


@pytest.mark.parametrize("rubbish", ["meta", "array", "file"])
def test_rubbish_in_the_cache_is_only_not_compared(cell: Cell, cache: Path, rubbish: str) -> None:
    keep(other(cell), 0.0)
    folder = cache / "outputs" / cell.model.sha256[:32]
    if rubbish == "meta":
        (folder / "k" / "meta.json").write_text("{")
    elif rubbish == "array":
        (folder / "k" / "0.npy").write_bytes(b"\x93NUMPY")
    else:
        (folder / "k" / "meta.json").unlink()
        (folder / "stray").write_text("")
    assert kept.others(cell, keys=KEYS) == []


def test_a_cache_that_cannot_be_written_keeps_nothing(cell: Cell, cache: Path) -> None:
    (cache / "outputs").write_text("in the way")
    keep(other(cell), 0.0)
    assert kept.others(cell, keys=KEYS) == []


def _age(cell: Cell, key: str, time: int) -> None:
    import os

    os.utime(kept._folder(cell) / key, (time, time))
