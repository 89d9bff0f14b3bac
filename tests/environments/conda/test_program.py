"""An installed program in py-rattler's place (a stand-in that understands the same command line)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.environments import store
from harness.environments.conda import explicit, locks, rattler_process
from harness.verdict import Reason

from ..conftest import Index
from .asking import ensure, refused
from .channel import LocalChannel
from .conftest import CondaMaker


@pytest.fixture
def micromamba(tmp_path: Path, python: LocalChannel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program, and what it was called with in a file beside it."""
    program = tmp_path / "bin" / "micromamba"
    program.parent.mkdir()
    stand_in = Path(__file__).with_name("stand_in.py")
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >>{program}.calls\nenv >>{program}.env\n'
        f'exec {sys.executable} {stand_in} {rattler_process.__file__.replace("process", "program")} "$@"\n',
        "utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("HARNESS_CONDA", "micromamba")
    return program


def test_the_same_environment(
    micromamba: Path,
    python: LocalChannel,
    index: Index,
    make_conda: CondaMaker,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("MAMBA_SSL_VERIFY", "1")
    python.add("library", "1.0")
    made = make_conda(dependencies=["library", "conda-forge::python"], pins="tiny==1.0\n")
    built = ensure(made)
    assert built.packages == {"library": "1.0", "python": built.python_version, "tiny": "1.0"}
    call = micromamba.with_name("micromamba.calls").read_text("utf-8").strip()
    assert call == (
        f"create --yes --quiet --prefix {built.prefix} --override-channels --strict-channel-priority "
        f"--channel {python.address} python=3.11 library {python.address}::python"
    )
    variables = set(micromamba.with_name("micromamba.env").read_text("utf-8").splitlines())
    assert {"MAMBA_SSL_VERIFY=1", "MAMBA_ADD_PIP_AS_PYTHON_DEPENDENCY=false"} <= variables
    assert f"CONDA_PKGS_DIRS={cache}/conda/pkgs-micromamba" in variables
    assert "GITHUB_TOKEN=secret" not in variables

    # Its lock is one for py-rattler as well, and the other way round.
    monkeypatch.delenv("HARNESS_CONDA")
    store.discard(built)
    python.add("library", "2.0")
    assert ensure(made).packages == built.packages
    monkeypatch.setenv("HARNESS_CONDA", str(micromamba))
    store.discard(ensure(made))
    assert ensure(made).packages == built.packages
    call = micromamba.with_name("micromamba.calls").read_text("utf-8").splitlines()[-1]
    assert " --file " in call
    assert "--channel" not in call


def test_offline(micromamba: Path, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    ensure(make_conda())
    assert " --offline " in micromamba.with_name("micromamba.calls").read_text("utf-8")


def test_no_solution(micromamba: Path, make_conda: CondaMaker) -> None:
    error = refused(make_conda(dependencies=["no-such-package"]))
    assert error.reason is Reason.ENVIRONMENT_UNSATISFIABLE
    assert error.message.startswith("small: micromamba create: exit code 1\n")
    assert "No candidates were found for no-such-package" in error.message


def test_no_such_program(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_CONDA", "no-such-conda")
    error = refused(make_conda())
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert error.message == "small: HARNESS_CONDA is 'no-such-conda', and there is no such program"


def test_a_program_that_ignores_the_hashes_of_the_lock(
    micromamba: Path, python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_conda()
    lock = (ensure(made).prefix / "conda-meta" / "explicit.lock").read_text("utf-8")
    (package,) = explicit.parse(lock, origin="lock")
    evil = explicit.LockedPackage(channel=package.channel, path=package.path, sha256="0" * 64)
    locks.write(made.conda_lock("linux-64"), [evil], spec=made, platform="linux-64")
    monkeypatch.setenv("CONDA_STAND_IN_IS_OLD", "1")
    error = refused(made)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert "installed is not what the lock says: linux-64/python-" in error.message
