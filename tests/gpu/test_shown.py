"""What a worker is given for a GPU; files stand in for device files here."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.gpu import shown
from harness.gpu.nvidia_smi import parse
from tests.gpu.stand_in import HEALTHY

(GPU,) = parse(HEALTHY).found
NODES = ("nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "null")
PRINTED = """\
3 libs found in cache `/etc/ld.so.cache'
\tlibnvidia-ml.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libnvidia-ml.so.1
\tlibcuda.so.1 (libc6,x86-64) => /run/driver/lib/libcuda.so.1
\tlibcuda.so (libc6,x86-64) => /run/driver/lib/libcuda.so
\tlibcudnn.so.9 (libc6,x86-64) => /opt/libcudnn.so.9
\tlibc.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libc.so.6
"""


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    for name in NODES:
        (tmp_path / name).touch()
    return tmp_path


def test_the_files_of_this_gpu_alone(dev: Path) -> None:
    told = dev / "gpus" / "0000:1b:00.0"
    told.mkdir(parents=True)
    (told / "information").write_text("Model: \t\t NVIDIA H100\nDevice Minor: \t 3\nGPU Excluded:\t No\n")
    names = [path.name for path in shown.device_nodes(GPU, dev=dev, told=dev / "gpus")]
    assert names == ["nvidia3", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"]


@pytest.mark.parametrize("information", [None, "Model: H100\n"])
def test_all_files_where_the_driver_does_not_tell(dev: Path, information: str | None) -> None:
    if information:
        (dev / "0000:1b:00.0").mkdir()
        (dev / "0000:1b:00.0" / "information").write_text(information)
    names = [path.name for path in shown.device_nodes(GPU, dev=dev, told=dev)]
    assert names == ["nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"]


def test_libraries_that_no_sandbox_shows_anyway() -> None:
    found = list(shown.libraries_in(PRINTED))
    assert [path.name for path in found] == ["libnvidia-ml.so.1", "libcuda.so.1", "libcuda.so"]
    outside = [str(path) for path in shown.outside_of_system([*found, *found])]
    assert outside == ["/run/driver/lib/libcuda.so.1", "/run/driver/lib/libcuda.so"]


def test_the_linker_of_this_machine_is_asked() -> None:
    assert all(path.is_absolute() for path in shown.driver_libraries())


def test_cuda_sees_one_gpu_and_computes_in_full_precision() -> None:
    variables = shown.variables(GPU)
    assert variables["CUDA_VISIBLE_DEVICES"] == GPU.uuid
    assert (variables["CUBLAS_WORKSPACE_CONFIG"], variables["NVIDIA_TF32_OVERRIDE"]) == (":4096:8", "0")
