"""A level that is named is kept or refused; auto says what it took, and why not more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import ExitCode, IsolationError
from harness.execute.isolate import choose as module
from harness.execute.isolate import requirements, seccomp
from harness.execute.isolate.choose import choose
from harness.execute.isolate.level import Confinement, Level
from tests.conftest import ROOT
from tests.execute.isolate.users import run_as
from tests.execute.isolate.weakened import Networked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(autouse=True)
def nothing_probed() -> Iterator[None]:
    """What a test finds out holds for that test only."""
    module.forget()
    yield
    module.forget()


def bwrap(folder: Path, says: str) -> str:
    """A folder for PATH with a bubblewrap that cannot start anything."""
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\necho 'bwrap: {says}' >&2\nexit 1\n")
    program.chmod(0o755)
    return str(folder)


def refusal() -> str:
    """What is said when a sandbox is asked for by name; auto says it, too, and goes on."""
    with pytest.raises(IsolationError) as caught:
        choose(Level.SANDBOX)
    assert caught.value.exit_code is ExitCode.USAGE
    taken = choose("auto")
    assert (taken.level, str(caught.value) in taken.description) == (Level.PROCESS, True)
    return str(caught.value)


def test_auto_is_the_sandbox_where_it_holds() -> None:
    assert choose("auto").level is Level.SANDBOX
    assert choose(Level.PROCESS).level is Level.PROCESS


def test_it_is_probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose("auto") is choose(Level.SANDBOX)


def test_no_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "bubblewrap is not installed; install it with" in refusal()


def test_an_old_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", bwrap(tmp_path, "Unknown option --disable-userns"))
    assert "too old, 0.8 or newer is needed" in refusal()


def test_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "it needs Linux, this is darwin" in refusal()


def test_another_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "supported", lambda: False)
    assert "x86_64 and aarch64 only" in refusal()


@pytest.mark.parametrize(
    ("setting", "value", "advice"),
    [
        ("RESTRICTED", "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
        ("FORBIDDEN", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    ],
)
def test_a_kernel_that_forbids_namespaces(
    setting: str, value: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "setting").write_text(f"{value}\n")
    monkeypatch.setenv("PATH", bwrap(tmp_path, "setting up uid map: Permission denied"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for other in ("RESTRICTED", "FORBIDDEN"):
        monkeypatch.setattr(requirements, other, tmp_path / "none")
    monkeypatch.setattr(requirements, setting, tmp_path / "setting")
    assert advice in refusal()


def test_a_container_that_allows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", bwrap(tmp_path, "No permissions to create new namespace"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "bubblewrap cannot make namespaces (bwrap: No permissions" in refusal()


ASK = (
    "from harness.errors import IsolationError\n"
    "from harness.execute.isolate.requirements import sandbox\n"
    "try: print(sandbox().description)\n"
    "except IsolationError as error: print(error)"
)


def test_root_without_other_user_ids() -> None:
    script = (
        "import subprocess, sys\n"
        "namespace = ['unshare', '--user', '--map-root-user', sys.executable, '-c', sys.argv[1]]\n"
        "raise SystemExit(subprocess.run(namespace).returncode)"
    )
    done = run_as("ordinary", ["-c", script, ASK])
    assert "this root has no unprivileged user ids (60706 to 61183)" in done.stdout, done.stderr


def test_a_sandbox_in_a_sandbox() -> None:
    outer = "bwrap --dev-bind / / --unshare-user --disable-userns --uid 1000 --gid 1000"
    script = (
        "import subprocess, sys\n"
        f"namespace = [*'{outer}'.split(), sys.executable, '-c', sys.argv[1]]\n"
        "raise SystemExit(subprocess.run(namespace).returncode)"
    )
    done = run_as("ordinary", ["-c", script, ASK])
    assert "no sandbox: bubblewrap cannot make namespaces (bwrap: " in done.stdout, done.stderr


def test_a_sandbox_that_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaking() -> Confinement:
        found = requirements.sandbox()
        found.__class__ = Networked
        return found

    monkeypatch.setitem(module.FOUND_BY, Level.SANDBOX, leaking)
    assert "sandbox does not hold on this machine (interfaces: is connected by" in refusal()


def test_the_escape_program_is_a_guest(tmp_path: Path) -> None:
    folder = ROOT / "harness" / "execute" / "isolate"
    code = f"import sys; sys.path[0] = {str(folder)!r}; import escape.main"
    subprocess.run([sys.executable, "-S", "-I", "-B", "-c", code], check=True, cwd=tmp_path)
