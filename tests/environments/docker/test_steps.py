"""The steps of a build are read from its output."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.environments.docker.steps import Step, failed_step, step_of, told

CLASSIC = """Step 1/3 : FROM ${BASE_IMAGE} AS build
 ---> 4b672c517e78
Step 2/3 : RUN false
 ---> Running in 97a887172030
error: the command ended with code 1
"""
BUILDKIT = """#5 [build 1/3] FROM docker.io/library/base
#8 [build 2/3] RUN --mount=type=cache,target=/x --mount=type=y a \
b
#8 0.487 Step 7/7 of nothing
#6 [stage-1 2/2] COPY --from=build /a /a
------
 > [build 2/3] RUN --mount=type=cache,target=/x --mount=type=y a  b:
------
executor failed running
"""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Step 2/13 : RUN  a   b", "step 2 of 13 (RUN a b)"),
        ("#9 [build 4/5] RUN --mount=type=secret,id=a --mount=type=b uv", "step 4 of 5 (RUN uv)"),
        ("#9 [2/5] RUN uv", "step 2 of 5 (RUN uv)"),
        (f"Step 1/1 : RUN {'x' * 100}", f"step 1 of 1 (RUN {'x' * 55}…)"),
        ("#9 [internal] load build context", None),
        ("#9 sha256:00", None),
        (" Step 2/13 : RUN a", None),
    ],
)
def test_lines(line: str, text: str | None) -> None:
    step = step_of(line)
    assert (str(step) if step else None) == text


@pytest.mark.parametrize(
    ("output", "step"),
    [
        (CLASSIC, Step(number=2, count=3, does="RUN false")),
        (BUILDKIT, Step(number=2, count=3, does="RUN --mount=type=cache,target=/x --mount=type=y a  b")),
        ("", None),
    ],
)
def test_which_one_failed(output: str, step: Step | None) -> None:
    assert failed_step(output) == step


def test_each_is_told_once_as_it_comes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Step 1/3 : OLD\n")
    heard: list[str] = []
    with told(log, lambda step: heard.append(step.does)), log.open("a") as stream:
        for text in (
            "Step 1/3 : RU",
            "N x\nnoise\nStep 2/3 : COPY y\nStep 2/3 : COPY y\n",
            "Step 3/3 : ENV z\n",
        ):
            stream.write(text)
            stream.flush()
    assert heard == ["RUN x", "COPY y"]


def test_a_log_that_nobody_writes(tmp_path: Path) -> None:
    with told(tmp_path / "log", lambda step: pytest.fail(str(step))):
        pass
