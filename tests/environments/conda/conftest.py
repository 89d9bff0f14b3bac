"""A channel for each test, one Python for all of them, and environment folders that conda can make."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.environments import lock, spec
from harness.environments.conda.environment_yml import with_pins

from ..conftest import Maker
from .channel import PYTHON, LocalChannel, python_package

TOML = f"""
description = "A test environment."
python = "{PYTHON}"
weights_formats = ["onnx"]
consumers = ["bioimageio.core"]
"""


@pytest.fixture(scope="session")
def python_conda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with a Python that runs wherever it is installed."""
    made = python_package(tmp_path_factory.mktemp("python"))
    if made is None:
        pytest.skip(f"needs Linux and a CPython {PYTHON} that is not Debian's")
    return made


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalChannel:
    """An empty channel in conda-forge's place; this machine's own settings for conda are forgotten."""
    for name in ("HARNESS_CONDA", "HARNESS_CONDA_LOCKS", "HARNESS_CONDA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    made = LocalChannel(tmp_path / "channels" / "conda-forge")
    monkeypatch.setenv("HARNESS_CONDA_CHANNELS", f"conda-forge={made.address}")
    return made


@pytest.fixture
def python(channel: LocalChannel, python_conda: Path) -> LocalChannel:
    """The channel with a Python in it."""
    channel.link(python_conda)
    return channel


class CondaMaker:
    """Writes environment folders with an ``environment.yml``."""

    def __init__(self, make: Maker) -> None:
        self._make = make

    def __call__(
        self,
        name: str = "small",
        *,
        dependencies: Sequence[str] = (),
        channels: Sequence[str] = ("conda-forge", "nodefaults"),
        pins: str = "",
        health: str = "import sys\nprint(sys.version)\n",
    ) -> spec.EnvironmentSpec:
        """Write one folder and read it.

        Args:
            dependencies: beside Python.
            pins: those of ``requirements.lock`` and of the ``pip:`` section.
        """
        made = self._make(name, toml=TOML, requirements="", lock=pins, health=health)
        lines = ["channels:", *(f"  - {channel}" for channel in channels)]
        lines += ["dependencies:", f"  - python={PYTHON}", *(f"  - {item}" for item in dependencies)]
        text = "\n".join(lines) + "\n"
        if pins:
            text = with_pins(text + "  - pip\n  - pip:\n", lock.pins(pins), origin=name)
        made.environment_yml.write_text(text, "utf-8")
        return made


@pytest.fixture
def make_conda(make: Maker) -> CondaMaker:
    """Makes environment folders below the test's own folder."""
    return CondaMaker(make)


@pytest.fixture(autouse=True)
def on_linux() -> None:
    """The channel of the tests is one for linux-64."""
    if sys.platform != "linux":
        pytest.skip("needs Linux: the packages of the channel are made for linux-64")
