"""What nvidia-smi prints, in the forms that are known of it, and a program that does not behave."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gpu import nvidia_smi
from harness.gpu.nvidia_smi import ask, parse
from tests.gpu.stand_in import HEALTHY, path_with, stand_in


def test_a_healthy_gpu() -> None:
    (gpu,) = parse(HEALTHY).found
    assert parse(HEALTHY).usable == (gpu,)
    assert (gpu.index, gpu.name, gpu.driver) == (0, "NVIDIA H100 80GB HBM3", "580.65.06")
    assert (gpu.compute_capability, gpu.bus_id) == ("9.0", "00000000:1B:00.0")
    assert (gpu.memory_bytes, gpu.free_bytes) == (81559 * 2**20, 81008 * 2**20)
    words = "GPU 0, NVIDIA H100 80GB HBM3, 80 GiB, compute capability 9.0, driver 580.65.06"
    assert (gpu.words, gpu.trouble) == (words, "")


def test_a_gpu_of_which_little_is_told() -> None:
    needed = "1, GPU-a, NVIDIA GeForce GTX 1080, 470.82, [N/A], [Not Supported], 0:0:0.0"
    row = f"{needed}, [N/A], , N/A, [N/A], [N/A]"
    (gpu,) = parse(row).found
    assert (gpu.trouble, gpu.memory_bytes, gpu.compute_capability) == ("", 0, "")
    assert gpu.words == "GPU 1, NVIDIA GeForce GTX 1080, driver 470.82"


@pytest.mark.parametrize(
    ("healthy", "broken", "says"),
    [
        ("Default,", "Prohibited,", "Prohibited"),
        ("Default, 0,", "Default, 3,", "3 uncorrected errors"),
        (", No,", ", Yes,", "needs a reset"),
        ("Disabled", "Enabled", "MIG"),
        ("81008", "[GPU requires reset]", "the driver says: GPU requires reset"),
        ("Default, 0,", "Default, [Unknown Error],", "the driver says: Unknown Error"),
        ("81559", "[GPU is lost]", "the driver says: GPU is lost"),
        ("GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77", "[N/A]", "no UUID"),
    ],
)
def test_a_gpu_in_trouble(healthy: str, broken: str, says: str) -> None:
    found = parse(HEALTHY.replace(healthy, broken))
    assert (len(found.found), found.usable) == (1, ())
    assert says in found.found[0].trouble


@pytest.mark.parametrize(
    "printed",
    [
        "No devices were found\n",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that\n",
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54\n",
        "Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost.  Reboot the system\n",
        "",
    ],
)
def test_errors_in_its_own_words(printed: str) -> None:
    found = parse(printed)
    assert found.found == ()
    assert " ".join(printed.split()).rstrip(".") in found.why_none
    assert found.why_none.startswith("nvidia-smi finds no GPU: ")


@given(st.text())
def test_whatever_it_prints_is_read(printed: str) -> None:
    found = parse(printed)
    assert bool(found.found) is not bool(found.why_none)


def test_two_gpus_and_a_warning() -> None:
    second = HEALTHY.replace("0, GPU-5", "1, GPU-6").replace("Disabled", "Enabled")
    found = parse(f"WARNING: infoROM is corrupted at gpu 0000:1B:00.0\n{HEALTHY}{second}")
    assert [(gpu.index, bool(gpu.trouble)) for gpu in found.found] == [(0, False), (1, True)]


def test_a_program_is_asked(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    folder = stand_in(tmp_path / "bin", HEALTHY, before=f'echo "$@" >> {asked}')
    assert ask({"PATH": path_with(folder)}) == parse(HEALTHY)
    fields, form = asked.read_text().split()
    assert fields.startswith("--query-gpu=index,uuid,name,driver_version,")
    assert form == "--format=csv,noheader,nounits"


def test_an_old_driver_is_asked_for_less(tmp_path: Path) -> None:
    said = 'Field "compute_cap" is not a valid field to query.'
    refuses = f"case $1 in *compute_cap*) echo '{said}'; exit 2;; esac"
    row = ", ".join(HEALTHY.split(", ")[:7])
    folder = stand_in(tmp_path / "bin", row, before=refuses)
    (gpu,) = ask({"PATH": path_with(folder)}).usable
    assert (gpu.compute_capability, gpu.bus_id) == ("", "00000000:1B:00.0")


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia_smi, "SECONDS", 0.5)
    folder = stand_in(tmp_path / "bin", HEALTHY, before="trap '' TERM; sleep 60")
    clock = time.monotonic()
    found = ask({"PATH": path_with(folder)})
    assert "did not answer within" in found.why_none
    assert time.monotonic() - clock < 30


def test_no_program_and_one_that_is_none(tmp_path: Path) -> None:
    assert ask({"PATH": str(tmp_path)}).why_none == "there is no NVIDIA driver here (no program nvidia-smi)"
    program = tmp_path / "nvidia-smi"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    assert "cannot be started" in ask({"PATH": str(tmp_path)}).why_none
