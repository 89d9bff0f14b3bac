"""Which platform is installed for."""

from __future__ import annotations

import platform
import sys

import pytest

from harness.environments.conda import platforms
from harness.errors import ConfigurationError


def test_this_machine_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARNESS_CONDA_PLATFORM", raising=False)
    for system, machine, name in (
        ("linux", "x86_64", "linux-64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("darwin", "arm64", "osx-arm64"),
    ):
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        assert platforms.current() == name
        assert platforms.locked() == "linux-64"
    monkeypatch.setenv("HARNESS_CONDA_PLATFORM", "osx-64")
    assert platforms.current() == platforms.locked() == "osx-64"


def test_a_platform_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CONDA_PLATFORM", "win-64")
    with pytest.raises(ConfigurationError, match="'win-64' is not one of linux-64, "):
        platforms.current()
    monkeypatch.delenv("HARNESS_CONDA_PLATFORM")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(ConfigurationError, match="'riscv64' is not one of"):
        platforms.current()
