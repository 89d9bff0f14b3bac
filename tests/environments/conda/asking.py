"""What the tests ask of environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import proc
from harness.cell import Backend
from harness.environments import store
from harness.environments.built import BuiltEnvironment, run_variables
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.limits import Limits


def ensure(made: EnvironmentSpec, told: list[str] | None = None) -> BuiltEnvironment:
    """Build it with conda, or take what is there."""
    return store.ensure(made, Backend.CONDA, on_progress=(lambda _: None) if told is None else told.append)


def refused(made: EnvironmentSpec) -> EnvironmentBuildError:
    """Why it cannot be built; nothing of the attempt is left that could be used."""
    with pytest.raises(EnvironmentBuildError) as caught:
        ensure(made)
    assert store.find(made, Backend.CONDA) is None
    assert not store.entry_folder(made.ref(Backend.CONDA)).exists()
    assert caught.value.log.is_file()
    return caught.value


def inside(built: BuiltEnvironment, *argv: str | Path, cwd: Path) -> str:
    """What a program prints that runs in the environment."""
    log = cwd / "inside.log"
    log.unlink(missing_ok=True)
    command = [str(part) for part in argv]
    ended = proc.run(
        command, log=log, env=run_variables(built, threads=1), cwd=cwd, limits=Limits(seconds=60)
    )
    assert ended.ok, proc.tail(log)
    return log.read_text("utf-8").strip()
