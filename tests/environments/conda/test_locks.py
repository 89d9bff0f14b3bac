"""Which lock decides, and whether it fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments.backend import recipes_of
from harness.environments.conda import environment_yml, locks
from harness.environments.conda.explicit import LockedPackage
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError

from .conftest import CondaMaker

PLATFORM = "linux-64"


def _package(name: str, version: str = "1.0", sha256: str = "a" * 64) -> LockedPackage:
    return LockedPackage(channel="conda-forge", path=f"linux-64/{name}-{version}-0.conda", sha256=sha256)


PYTHON = _package("python", "3.11.9")


def _read(made: EnvironmentSpec) -> tuple[LockedPackage, ...]:
    return locks.read(made, environment_yml.read(made), PLATFORM)


def test_the_lock_beside_the_environment_comes_first(make_conda: CondaMaker, cache: Path) -> None:
    made = make_conda()
    assert _read(made) == ()
    before = made.digest(Backend.CONDA)
    kept = locks.kept(made, PLATFORM)
    assert kept == cache / "conda" / "locks" / f"small-{before[:16]}-linux-64.lock"
    locks.write(kept, [PYTHON], spec=made, platform=PLATFORM)
    assert _read(made) == (PYTHON,)
    newer = _package("python", "3.11.10")
    locks.write(made.conda_lock(PLATFORM), [newer], spec=made, platform=PLATFORM)
    assert _read(made) == (newer,)
    assert made.digest(Backend.CONDA) != before
    assert made.digest(Backend.VENV) == make_conda().digest(Backend.VENV)


def test_kept_once(make_conda: CondaMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CONDA_LOCKS", str(tmp_path / "locks"))
    made = make_conda()
    first, second = tmp_path / "first", tmp_path / "second"
    locks.write(first, [PYTHON], spec=made, platform=PLATFORM)
    locks.write(second, [_package("python", "3.11.10")], spec=made, platform=PLATFORM)
    locks.keep(made, first, PLATFORM)
    locks.keep(made, second, PLATFORM)
    assert [path.read_bytes() for path in (tmp_path / "locks").iterdir()] == [first.read_bytes()]
    assert "//" not in first.read_text("utf-8")


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        ([PYTHON], "locks nothing for 'b::Library>=1' of environment.yml"),
        ([_package("library")], "locks nothing for 'python=3.11' of environment.yml"),
        ([_package("python", "3.1"), _package("library")], "locks Python 3.1, environment.toml says 3.11"),
        ([_package("python", "3.12.1"), _package("library")], "locks Python 3.12.1, environment.toml says"),
    ],
)
def test_a_lock_of_something_else(make_conda: CondaMaker, packages: list[LockedPackage], words: str) -> None:
    made = make_conda(dependencies=["b::Library>=1"])
    path = made.conda_lock(PLATFORM)
    locks.write(path, packages, spec=made, platform=PLATFORM)
    with pytest.raises(ConfigurationError) as caught:
        _read(made)
    assert str(caught.value).startswith(f"{path}: {words}")
    assert str(caught.value).endswith("run 'harness env lock small --backend conda'")
    locks.write(path, [PYTHON, _package("library")], spec=made, platform=PLATFORM)
    assert len(_read(made)) == 2


def test_an_environment_that_conda_does_not_make(make_conda: CondaMaker) -> None:
    made = make_conda()
    assert Backend.CONDA in recipes_of(made)
    made.environment_yml.unlink()
    assert Backend.CONDA not in recipes_of(made)
    with pytest.raises(
        ConfigurationError, match=r"environment.yml: .*; conda makes no environment without it"
    ):
        made.ref(Backend.CONDA)
