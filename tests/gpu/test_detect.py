"""Which GPUs are ours, and why there is none."""

from __future__ import annotations

import pytest

from harness.gpu.detect import explained, ours
from harness.gpu.gpu import Gpus
from harness.gpu.nvidia_smi import parse
from tests.gpu.stand_in import HEALTHY

THREE = parse("".join(HEALTHY.replace("0, GPU-5", f"{n}, GPU-{n}") for n in range(3)))
UUIDS = [gpu.uuid for gpu in THREE.found]


@pytest.mark.parametrize(
    ("visible", "indices"),
    [
        (None, [0, 1, 2]),
        ("1", [1]),
        ("2,0", [0, 2]),
        (UUIDS[2], [2]),
        ("GPU-1", [1]),
        ("0,-1,2", [0]),
    ],
)
def test_what_is_visible(visible: str | None, indices: list[int]) -> None:
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert [gpu.index for gpu in ours(THREE, environ).found] == indices


@pytest.mark.parametrize("visible", ["", "-1", "7", "GPU-f", "all"])
def test_nothing_is_visible(visible: str) -> None:
    found = ours(THREE, {"CUDA_VISIBLE_DEVICES": visible})
    assert found.why_none == f"CUDA_VISIBLE_DEVICES is {visible!r}, which names no GPU of this machine"


def test_why_none_can_be_used() -> None:
    assert explained(THREE) is THREE
    nothing = Gpus(why_none="no driver")
    assert explained(ours(nothing, {"CUDA_VISIBLE_DEVICES": "0"})) is nothing
    found = explained(parse(HEALTHY.replace("Disabled", "Enabled")))
    assert found.why_none.startswith("no GPU can be used: GPU 0, NVIDIA H100")
    assert found.why_none.endswith("cells run on whole GPUs alone")
