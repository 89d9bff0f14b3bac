"""Interpreters are found by full path, never through a version manager's shim."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.environments import interpreter, uv_command
from harness.environments.attempt import Attempt
from harness.environments.failure import EnvironmentBuildError
from harness.verdict import Reason

from .conftest import PYTHON


def _attempt(folder: Path, told: list[str] | None = None) -> Attempt:
    lines: list[str] = [] if told is None else told
    return Attempt(log=folder / "build.log", cwd=folder, on_progress=lines.append)


def test_finds_this_interpreter_past_a_shim(
    tmp_path: Path, no_pip_config: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "shims" / f"python{PYTHON}"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nexit 127\n", "utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent))
    found = interpreter.find(PYTHON, _attempt(tmp_path), variables=uv_command.settings().variables)
    assert found.is_absolute()
    assert found.resolve().name.startswith("python")
    assert "shims" not in found.parts
    assert str(found) in (tmp_path / "build.log").read_text("utf-8")


def test_search_path(tmp_path: Path) -> None:
    pyenv = tmp_path / ".pyenv" / "versions" / "3.11.7" / "bin"
    pyenv.mkdir(parents=True)
    (tmp_path / ".pyenv" / "versions" / "3.12.1" / "bin").mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "PATH": f"{tmp_path}/.pyenv/shims:/usr/bin:/usr/bin"}
    own = f"{sys.base_prefix}/bin"
    expected = list(dict.fromkeys(["/usr/bin", own, str(pyenv)]))
    assert interpreter.search_path("3.11", environ) == expected


@pytest.mark.parametrize(("name", "value"), [("UV_PYTHON_DOWNLOADS", "never"), ("UV_OFFLINE", "1")])
def test_says_how_to_get_one(
    tmp_path: Path, no_pip_config: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(
        EnvironmentBuildError, match=r"there is no Python 3.99 .* 'uv python install 3.99'"
    ) as caught:
        interpreter.find("3.99", _attempt(tmp_path), variables=uv_command.settings().variables)
    assert caught.value.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert "\n" not in caught.value.message


def test_a_download_that_fails(tmp_path: Path, no_pip_config: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "pythons"))
    told: list[str] = []
    with pytest.raises(EnvironmentBuildError, match="could not be downloaded"):  # uv knows no such version
        interpreter.find("3.99", _attempt(tmp_path, told), variables=uv_command.settings().variables)
    assert told == ["downloading Python 3.99"]
    assert (tmp_path / "build.log").exists()
