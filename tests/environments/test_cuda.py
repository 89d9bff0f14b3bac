"""The build of CUDA in a lock, the driver that it needs, and find-links that would replace it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Device
from harness.environments import cuda, lock, torch_backend
from harness.environments.spec import EnvironmentSpec, load_all
from harness.errors import ConfigurationError
from tests.conftest import ROOT
from tests.environments.conftest import TOML, Maker

ENVIRONMENTS = load_all(ROOT / "environments")
ON_GPU = [spec for spec in ENVIRONMENTS.values() if spec.devices == (Device.CUDA,)]
of_each = pytest.mark.parametrize("spec", ON_GPU, ids=lambda spec: spec.name)


def _pins(spec: EnvironmentSpec) -> dict[str, str]:
    return lock.pins(spec.lock.read_text("utf-8"))


def test_devices_are_declared(make: Maker) -> None:
    assert make().devices == (Device.CPU,)
    assert make(toml=f'{TOML}devices = ["cuda"]\n').devices == (Device.CUDA,)
    with pytest.raises(ConfigurationError, match="devices is empty; leave it out for cpu"):
        make(toml=f"{TOML}devices = []\n")


@of_each
def test_it_differs_from_that_for_the_cpu_in_the_build_alone(spec: EnvironmentSpec) -> None:
    """So that a difference between the devices is one of the devices."""
    name = spec.name.removesuffix("-cuda")
    on_cpu = next(cpu for cpu in ENVIRONMENTS.values() if cpu.folder.name == name and not cpu.newer)
    theirs, mine = _pins(on_cpu), _pins(spec)
    assert (spec.python, spec.weights_formats) == (on_cpu.python, on_cpu.weights_formats)
    assert {name: mine.get(name, mine.get(f"{name}-gpu")) for name in theirs} == theirs
    added = mine.keys() - theirs.keys()
    assert all(name.startswith(("nvidia-", "cuda-", "triton", "onnxruntime-gpu")) for name in added)


@of_each
def test_every_file_in_its_lock_is_pinned_and_no_driver_of_another_age_will_do(spec: EnvironmentSpec) -> None:
    text = spec.lock.read_text("utf-8")
    assert "+c" not in text.replace("sha256:", "")
    assert lock.preferences(text).count("==") == len(_pins(spec))  # each with its hashes
    assert torch_backend.brings_cuda(_pins(spec))
    assert cuda.version_in(_pins(spec)).startswith("13.")
    assert cuda.driver_trouble(_pins(spec), "580.65.06") == ""
    too_old = cuda.driver_trouble(_pins(spec), "550.54.15")
    assert too_old == "its driver 550.54.15 is too old for CUDA 13, which needs 580 or newer"


@pytest.mark.parametrize(
    ("pins", "driver", "fits"),
    [
        ({"nvidia-cuda-runtime-cu12": "12.8.90"}, "525.60.13", True),
        ({"nvidia-cuda-runtime-cu12": "12.8.90"}, "520.1", False),
        ({"nvidia-cuda-runtime": "99.0"}, "1", True),
        ({"nvidia-cuda-runtime": "13.0"}, "[N/A]", True),
        ({"torch": "2.13.0"}, "1", True),
    ],
)
def test_a_driver(pins: dict[str, str], driver: str, fits: bool) -> None:
    assert (cuda.driver_trouble(pins, driver) == "") is fits


def test_find_links_that_would_replace_the_build(tmp_path: Path) -> None:
    for name in ("cpu", "cu130", "other"):
        (tmp_path / name).mkdir()
    wheel = "torch-2.13.0+{}-cp311-cp311-manylinux_2_28_x86_64.whl"
    (tmp_path / "cpu" / wheel.format("cpu")).touch()
    (tmp_path / "cu130" / wheel.format("cu130")).touch()
    (tmp_path / "other" / "torch-what.whl").touch()
    links = [str(tmp_path / name) for name in ("cpu", "cu130", "other")]
    kept = torch_backend.without_cpu_builds({"UV_FIND_LINKS": ",".join(links), "HOME": "/"})
    assert kept == {"UV_FIND_LINKS": ",".join(links[1:]), "HOME": "/"}
    assert torch_backend.without_cpu_builds({"UV_FIND_LINKS": links[0]}) == {}
    assert torch_backend.without_cpu_builds({}) == {}
