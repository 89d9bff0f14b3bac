"""What cells share is ready before they ask, is not made if nothing runs, and is gone afterwards."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import psutil
import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.spec import EnvironmentSpec, load
from harness.errors import IsolationError
from harness.execute.isolate import choose, requirements
from harness.execute.isolate.level import Confinement
from harness.execute.preparation import Preparation
from harness.isolation import Level
from tests.conftest import needs_level
from tests.execute.isolate.weakened import Networked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs fork servers")

_RUNNER = "bioimageio_core"  # imports what there is, and here is nothing


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def spec(tmp_path: Path) -> EnvironmentSpec:
    """An environment in which nothing is installed."""
    folder = tmp_path / "environments" / "bare"
    folder.mkdir(parents=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "environment.toml").write_text(
        f'description = "Nothing."\npython = "{version}"\nweights_formats = ["onnx"]\nconsumers = []\n'
    )
    for name, text in (("requirements.in", ""), ("requirements.lock", ""), ("health.py", "pass\n")):
        (folder / name).write_text(text)
    return load(folder)


def _preparation(isolation: Level | Literal["auto"] = Level.PROCESS) -> Preparation:
    return Preparation(isolation=isolation, threads=1, warm=True, cancel=threading.Event())


def _build(spec: EnvironmentSpec) -> None:
    """The environment with a package that the runner needs to be imported at all."""
    built = store.ensure(spec, Backend.VENV, on_progress=lambda _line: None)
    (site,) = built.prefix.glob("lib/python*/site-packages")
    (site / "numpy.py").touch()


def _servers() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            if any("forkserver" in part for part in process.cmdline()):
                found.append(process)
    return found


def test_a_fork_server_starts_before_workers_are_asked_for(spec: EnvironmentSpec) -> None:
    _build(spec)
    with _preparation() as preparation:
        preparation.expect(spec, Backend.VENV, _RUNNER)
        deadline = time.monotonic() + 30
        while not _servers():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        said: list[str] = []
        preparation.workers(said.append)
        assert said == ["process (nothing is hidden; only for models that you trust)"]
    assert _servers() == []


def test_no_environment_is_built_for_a_guess(spec: EnvironmentSpec) -> None:
    with _preparation() as preparation:
        preparation.expect(spec, Backend.VENV, _RUNNER)
        preparation.workers(lambda _line: None)
    assert store.find(spec, Backend.VENV) is None


def test_a_level_that_cannot_be_had_is_told_when_workers_are_asked_for(
    spec: EnvironmentSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no bubblewrap
    choose.forget()
    with _preparation(Level.SANDBOX) as preparation:
        preparation.expect(spec, Backend.VENV, _RUNNER)
        with pytest.raises(IsolationError, match="bubblewrap"):
            preparation.workers(lambda _line: None)
    choose.forget()


def test_nothing_happens_unless_something_is_to_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    choose.forget()
    before = threading.active_count()
    with _preparation(Level.SANDBOX):
        assert (psutil.Process().children(), threading.active_count()) == ([], before)


def test_what_was_started_where_the_level_does_not_hold_is_ended(
    spec: EnvironmentSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_level("sandbox")
    _build(spec)

    def leaking() -> Confinement:
        found = requirements.sandbox()
        found.__class__ = Networked
        return found

    monkeypatch.setitem(choose.FOUND_BY, Level.SANDBOX, leaking)
    choose.forget()
    with _preparation("auto") as preparation:
        preparation.expect(spec, Backend.VENV, _RUNNER)
        said: list[str] = []
        workers = preparation.workers(said.append)
        assert workers.level is Level.PROCESS
        assert "sandbox does not hold on this machine" in said[0]
        assert _servers() == []
    choose.forget()


def test_no_unknown_package_is_imported_before_the_probe_has_ended(
    spec: EnvironmentSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unknown(EnvironmentSpec, frozen=True, kw_only=True):
        @property
        def trusted(self) -> bool:
            return False

    _build(spec)
    probed, go_on = threading.Event(), threading.Event()

    def slow(asked: Level) -> Confinement:
        probed.set()
        assert go_on.wait(30)
        return choose.choose(asked)

    monkeypatch.setattr("harness.execute.preparation.choose", slow)
    unknown = Unknown(**{name: getattr(spec, name) for name in spec.__struct_fields__})
    with _preparation() as preparation:
        preparation.expect(unknown, Backend.VENV, _RUNNER)
        assert probed.wait(30)
        time.sleep(0.3)
        assert _servers() == []
        go_on.set()
        deadline = time.monotonic() + 30
        while not _servers():
            assert time.monotonic() < deadline
            time.sleep(0.01)
