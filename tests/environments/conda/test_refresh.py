"""``harness env lock --backend conda``."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Backend
from harness.cli import run_command_line
from harness.environments import store
from harness.environments.conda import explicit
from harness.environments.conda.refresh import refresh
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError

from .asking import ensure
from .channel import LocalChannel
from .conftest import CondaMaker


def _lock(made: EnvironmentSpec, *options: str) -> list[str]:
    """Run the command; what is locked, as file names."""
    folder = made.folder.parent
    run_command_line(
        ["env", "lock", made.name, "--backend", "conda", "--environments", str(folder), *options]
    )
    path = made.conda_lock("linux-64")
    packages = explicit.parse(path.read_text("utf-8"), origin=str(path))
    assert {package.channel for package in packages} == {"conda-forge"}
    return [package.path for package in packages]


def test_solved_for_everybody(
    python: LocalChannel,
    python_conda: Path,
    make_conda: CondaMaker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = f"linux-64/{python_conda.name}"
    python.add("zlib", "1.0", depends=["__glibc >=2.17,<3"])
    python.add("tool", "1.0", depends=["zlib >=1", "python"])
    made = make_conda(dependencies=["tool"])
    # Not what this machine has.
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", "2.5")
    tool, zlib = "linux-64/tool-1.0-0.conda", "linux-64/zlib-1.0-0.conda"
    locked = _lock(made)
    assert sorted(locked) == sorted([name, tool, zlib])
    assert locked.index(tool) == 2  # after what it needs
    assert capsys.readouterr().err.endswith(f"small: wrote {made.conda_lock('linux-64')}\n")

    # What is locked stays where it fits, unless the newest is asked for.
    python.add("tool", "2.0", depends=["zlib >=1", "python"])
    assert _lock(made) == locked
    assert "linux-64/tool-2.0-0.conda" in _lock(made, "--upgrade")
    assert ensure(made).packages["tool"] == "2.0"
    assert store.entry_folder(made.ref(Backend.CONDA)).exists()


def test_no_solution(
    python: LocalChannel, make_conda: CondaMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_conda(dependencies=["no-such-package"])
    code = run_command_line(
        ["env", "lock", "small", "--backend", "conda", "--environments", str(made.folder.parent)]
    )
    assert code == 1
    told = capsys.readouterr().err
    assert (
        "small: solving environment.yml: Cannot solve the request because of: No candidates were found"
        in told
    )
    assert "the complete output is in" in told
    assert not made.conda_lock("linux-64").exists()


def test_a_lock_that_cannot_be_read_is_not_kept(python: LocalChannel, make_conda: CondaMaker) -> None:
    made = make_conda()
    made.conda_lock("linux-64").write_text("broken", "utf-8")
    with pytest.raises(ConfigurationError, match="has no line @EXPLICIT"):
        refresh(made, log=made.folder / "log")
    assert len(_lock(made, "--upgrade")) == 1
