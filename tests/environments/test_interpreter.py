"""Interpreters are found by full path, never through a version manager's shim."""

from __future__ import annotations

import platform
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


def _install(bin_folder: Path) -> Path:
    """An interpreter of this version as version managers keep it."""
    bin_folder.mkdir(parents=True)
    python = bin_folder / f"python{PYTHON}"
    python.symlink_to(Path(sys.executable).resolve())
    return python


def test_search_path(tmp_path: Path) -> None:
    for version in ("3.11.7", "3.11.10", "3.12.1", "3.11.7-debug", "3.11t"):
        (tmp_path / ".pyenv" / "versions" / version / "bin").mkdir(parents=True)
    elsewhere = tmp_path / "asdf" / "installs" / "python" / "3.11.9" / "bin"
    elsewhere.mkdir(parents=True)
    environ = {
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path}/.pyenv/shims:/usr/bin:/usr/bin",
        "ASDF_DATA_DIR": str(tmp_path / "asdf"),
    }
    pyenv = [f"{tmp_path}/.pyenv/versions/{version}/bin" for version in ("3.11.10", "3.11.7")]
    expected = list(dict.fromkeys(["/usr/bin", f"{sys.base_prefix}/bin", *pyenv, str(elsewhere)]))
    assert interpreter.search_path("3.11", environ) == expected


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("HOME", ".pyenv/versions/{}/bin"),
        ("PYENV_ROOT", "versions/{}/bin"),
        ("HOME", ".asdf/installs/python/{}/bin"),
        ("HOME", ".local/share/mise/installs/python/{}/bin"),
        ("MISE_DATA_DIR", "installs/python/{}/bin"),
        ("PATH", ""),
    ],
)
def test_finds_what_version_managers_installed(
    tmp_path: Path, no_pip_config: None, monkeypatch: pytest.MonkeyPatch, variable: str, place: str
) -> None:
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "base_prefix", "/nowhere")
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    variables = uv_command.settings().variables
    with pytest.raises(EnvironmentBuildError, match=f"there is no Python {PYTHON}"):
        interpreter.find(PYTHON, _attempt(tmp_path), variables=variables)
    python = _install(tmp_path / "new" / place.format(platform.python_version()))
    monkeypatch.setenv(variable, str(tmp_path / "new"))
    found = interpreter.find(PYTHON, _attempt(tmp_path), variables=uv_command.settings().variables)
    assert found == python


def test_the_full_version_of_a_record_is_preferred(
    tmp_path: Path, no_pip_config: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(python: str, **_: object) -> Path | None:
        asked.append(python)
        return {"3.11.9": private, "3.11": Path("/usr/bin/python3.11")}.get(python)

    private = tmp_path / "private" / "bin" / "python"
    private.parent.mkdir(parents=True)
    private.touch()
    monkeypatch.setattr(interpreter, "_ask_uv", ask)
    monkeypatch.setattr(interpreter, "_is_open", lambda _: private.parent.parent.stat().st_mode & 1)

    def found(preferred: str) -> Path:
        return interpreter.find("3.11", _attempt(tmp_path), variables={}, preferred=preferred)

    assert found("3.11.9") == private
    private.parent.parent.chmod(0o700)  # a sandboxed user could not read it
    assert found("3.11.9") == Path("/usr/bin/python3.11")
    assert found("3.11.8") == Path("/usr/bin/python3.11")
    assert asked == ["3.11.9", "3.11.9", "3.11", "3.11.8", "3.11"]
    asked.clear()
    found("3.12.1")  # an old record of another environment of that name
    assert asked == ["3.11"]


def test_what_every_user_may_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not interpreter._is_open(_install(closed / "bin").parent / "not a link")
    assert interpreter._is_open(Path("/usr/bin/python3"))


@pytest.mark.parametrize(
    ("name", "value"), [("UV_PYTHON_DOWNLOADS", "never"), ("UV_OFFLINE", "1"), ("HARNESS_OFFLINE", "1")]
)
def test_says_how_to_get_one(
    tmp_path: Path, no_pip_config: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(
        EnvironmentBuildError, match=r"no Python 3\.99 .* 'uv python install 3\.99', 'pyenv install 3\.99'"
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
