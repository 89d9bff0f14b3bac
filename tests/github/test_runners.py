"""Which machine a shard runs on."""

from __future__ import annotations

import pytest

from harness.cell import Device
from harness.errors import ConfigurationError
from harness.github.runners import DEFAULT, read_runners

GIB = 1024**3
FILE = b"""
schema = 1
[[runner]]
labels = ["ubuntu-24.04"]
memory_bytes = 17_179_869_184
[[runner]]
labels = ["ubuntu-24.04-large"]
memory_bytes = 68_719_476_736
[[runner]]
labels = ["self-hosted", "gpu"]
devices = ["cuda"]
"""


@pytest.mark.parametrize(
    ("devices", "memory", "labels"),
    [
        ([Device.CPU], 8 * GIB, ("ubuntu-24.04",)),
        ([], 0, ("ubuntu-24.04",)),
        ([Device.CPU], 16 * GIB, ("ubuntu-24.04",)),
        ([Device.CPU], 17 * GIB, ("ubuntu-24.04-large",)),
        ([Device.CPU], 90 * GIB, ("self-hosted", "gpu")),
        ([Device.CPU, Device.CUDA], 90 * GIB, ("self-hosted", "gpu")),
    ],
)
def test_the_first_that_has_device_and_memory(
    devices: list[Device], memory: int, labels: tuple[str, ...]
) -> None:
    assert read_runners(FILE).of(devices, memory) == labels


def test_without_a_file() -> None:
    assert read_runners(None) is DEFAULT
    assert DEFAULT.of([Device.CPU], 90 * GIB) == ("ubuntu-24.04",), "what does not fit is recorded"
    with pytest.raises(ConfigurationError, match=r"harness\.toml: no runner has cuda; add a \[\[runner\]\]"):
        DEFAULT.of([Device.CUDA], 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"schema = 2", "field schema: is 2"),
        (b"schema = 1\n[[runner]]\nlabels = []", "runner 1: field labels"),
        (b"schema = 1\n[[runner]]\nlabels = ['a']\nmemory = 1", "memory"),
        (b"schema = 1\n[[runner]]\nlabels = ['a']\ndevices = ['tpu']", "tpu"),
        (b"[[", "harness.toml: "),
    ],
)
def test_a_file_that_is_not_what_it_must_be(text: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_runners(text)
