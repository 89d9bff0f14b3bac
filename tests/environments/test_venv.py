"""Environments made by uv for real, from a package index in a folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import proc
from harness.cell import Backend
from harness.environments import spec, store
from harness.environments.built import BuiltEnvironment, run_variables
from harness.environments.failure import EnvironmentBuildError
from harness.limits import Limits
from harness.verdict import Reason
from tests.proc.commands import assert_gone

from .conftest import PYTHON, Index, Maker

ROOT = Path(__file__).parents[2]
ENSURE = """
import sys
from pathlib import Path
from harness.cell import Backend
from harness.environments import spec, store
def tell(line):
    print(line, flush=True)
built = store.ensure(spec.load(Path(sys.argv[1])), Backend.VENV, on_progress=tell)
print("fresh" if built.fresh else "reused", built.prefix, flush=True)
"""


def _ensure(made: spec.EnvironmentSpec) -> BuiltEnvironment:
    return store.ensure(made, Backend.VENV, on_progress=lambda _: None)


def _start(made: spec.EnvironmentSpec) -> subprocess.Popen[str]:
    """Another harness that asks for the same environment."""
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, str(made.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _refused(made: spec.EnvironmentSpec) -> EnvironmentBuildError:
    with pytest.raises(EnvironmentBuildError) as caught:
        _ensure(made)
    return caught.value


def _inside(built: BuiltEnvironment, code: str, folder: Path) -> str:
    """What a program prints that runs in the environment."""
    log = folder / "inside.log"
    log.unlink(missing_ok=True)
    argv = [str(built.python), "-c", code]
    ended = proc.run(
        argv, log=log, env=run_variables(built, threads=2), cwd=folder, limits=Limits(seconds=60)
    )
    assert ended.ok, proc.tail(log)
    return log.read_text("utf-8").strip()


def test_a_real_environment(index: Index, make: Maker, tmp_path: Path) -> None:
    told: list[str] = []
    built = store.ensure(make(), Backend.VENV, on_progress=told.append)
    assert told[1:3] == ["small: installing 1 packages", "small: health check"]
    assert built.packages == {"tiny": "1.0"}
    assert built.python_version.startswith(PYTHON + ".")
    assert built.size_bytes > 0
    assert built.log.read_text("utf-8").endswith("tiny 1.0\n")
    assert _inside(built, "import tiny; print(tiny.version)", tmp_path) == "1.0"
    # Compiled now, because nothing that runs in it may write there.
    assert list(built.prefix.glob("lib/*/site-packages/__pycache__/tiny.*.pyc"))


def test_a_file_index_that_lacks_a_package_is_asked_like_pip_does(
    index: Index, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = Index(tmp_path / "extra")
    extra.add("other", "1.0")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{extra.url} file://{tmp_path}/nowhere/simple")
    built = _ensure(make(requirements="tiny\nother\n", lock="tiny==1.0\nother==1.0\n"))
    assert built.packages == {"other": "1.0", "tiny": "1.0"}


def test_files_are_checked_against_the_hashes(index: Index, make: Maker) -> None:
    digest = index.add("good", "1.0")
    assert _ensure(make(lock=f"good==1.0 --hash=sha256:{digest}\n", health="import good\n")).fresh
    error = _refused(make(lock=f"tiny==1.0 --hash=sha256:{'0' * 64}\n"))
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert "Hash mismatch" in error.message
    assert "Hash mismatch" in error.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        ("tiny==999\n", "there is no version of tiny==999"),
        ("tiny==1.0\ntiny==2.0\n", "unsatisfiable"),
        ("tiny===\n", "Couldn't parse requirement"),
    ],
)
def test_an_impossible_specification(index: Index, make: Maker, lock: str, words: str) -> None:
    error = _refused(make(lock=lock))
    assert error.reason is Reason.ENVIRONMENT_UNSATISFIABLE
    assert words in error.message


def test_packages_that_could_not_be_looked_up(
    index: Index, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    assert _refused(make()).reason is Reason.ENVIRONMENT_BUILD_FAILED
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert _refused(make()).reason is Reason.ENVIRONMENT_BUILD_FAILED
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("UV_OFFLINE")
    assert _refused(make()).reason is Reason.ENVIRONMENT_BUILD_FAILED


def test_a_source_distribution_is_not_built(index: Index, make: Maker) -> None:
    page = index.folder / "simple" / "tiny" / "index.html"
    page.write_text('<a href="../../files/tiny-1.0.tar.gz">tiny-1.0.tar.gz</a>', "utf-8")
    assert "no usable wheels" in _refused(make()).message


def test_nothing_of_the_caller_leaks_in(
    index: Index, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_site = tmp_path / "home" / ".local" / "lib" / f"python{PYTHON}" / "site-packages"
    for folder, module in ((user_site, "from_user_site"), (tmp_path / "path", "from_python_path")):
        folder.mkdir(parents=True)
        (folder / f"{module}.py").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    probe = (
        "import importlib.util as u, os\n"
        "print([n for n in ('from_user_site', 'from_python_path', 'msgspec') if u.find_spec(n)])\n"
        "print(sorted(n for n in os.environ if n in ('GITHUB_TOKEN', 'PYTHONPATH', 'LD_PRELOAD')))\n"
    )
    built = _ensure(make(health=probe))
    assert built.log.read_text("utf-8").endswith("[]\n[]\n")
    assert _inside(built, probe, tmp_path) == "[]\n[]"


def test_run_variables(index: Index, make: Maker) -> None:
    toml = (ROOT / "environments" / "keras-torch" / "environment.toml").read_text("utf-8")
    made = make(toml=toml.replace('"3.11"', f'"{PYTHON}"'))
    variables = run_variables(_ensure(made), threads=3)
    assert variables["KERAS_BACKEND"] == "torch"
    assert variables["PATH"].endswith("/bin:/usr/bin:/bin")
    assert {variables[name] for name in variables if name.endswith("_THREADS")} == {"3"}
    assert {"HOME", "TMPDIR", "PYTHONPATH"}.isdisjoint(variables)


def test_an_interpreter_that_went_away(index: Index, make: Maker) -> None:
    made = make()
    first = _ensure(made)
    first.python.unlink()
    first.python.symlink_to("/nowhere/python")
    second = _ensure(made)
    assert second.fresh
    assert second.prefix != first.prefix
    assert not first.prefix.exists()


def test_two_processes_at_once(index: Index, make: Maker) -> None:
    made = make(health="import time\ntime.sleep(0.5)\n")
    outputs = [process.communicate(timeout=60)[0] for process in [_start(made), _start(made)]]
    built = [output.splitlines()[-1].split() for output in outputs]
    assert sorted(word for word, _ in built) == ["fresh", "reused"]
    assert len({prefix for _, prefix in built}) == 1
    assert sum("installing" in output for output in outputs) == 1


def test_killed_in_the_middle(index: Index, make: Maker, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    made = make(
        health=f"import os, time\nif not os.path.exists({str(pid)!r}):\n"
        f"    open({str(pid)!r} + '.new', 'w').write(str(os.getpid()))\n"
        f"    os.rename({str(pid)!r} + '.new', {str(pid)!r})\n    time.sleep(60)\n"
    )
    harness = _start(made)
    deadline = time.monotonic() + 30
    while not pid.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    harness.kill()  # SIGKILL: it cannot tidy up
    harness.communicate()
    assert_gone([int(pid.read_text("utf-8"))], within=5)
    folder = store.entry_folder(made.ref(Backend.VENV))
    left = list(folder.glob("prefix-*"))
    assert left
    assert store.find(made, Backend.VENV) is None
    built = _ensure(made)
    assert built.fresh
    assert list(folder.glob("prefix-*")) == [built.prefix]


class Gate:
    """A health check that waits until it is let through, and leaves its process id."""

    def __init__(self, folder: Path) -> None:
        self.open = folder / "open"
        self._pids = folder / "pids"
        self._pids.mkdir()
        self.health = (
            f"import os, time\nopen(os.path.join({str(self._pids)!r}, str(os.getpid())), 'w').close()\n"
            f"while not os.path.exists({str(self.open)!r}):\n    time.sleep(0.02)\n"
        )

    def pids(self) -> list[int]:
        """Every health check that was begun."""
        return [int(path.name) for path in self._pids.iterdir()]

    def wait(self) -> None:
        """Until a health check has begun."""
        deadline = time.monotonic() + 30
        while not self.pids() and time.monotonic() < deadline:
            time.sleep(0.02)


def _first_line(harness: subprocess.Popen[str]) -> str:
    assert harness.stdout is not None
    return harness.stdout.readline().strip()


def test_two_at_once_and_both_killed(index: Index, make: Maker, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    made = make(health=gate.health)
    harnesses = [_start(made), _start(made)]
    gate.wait()
    for harness in harnesses:
        harness.kill()
        harness.communicate()
    assert_gone(gate.pids(), within=5)
    assert store.find(made, Backend.VENV) is None
    gate.open.touch()
    outputs = [process.communicate(timeout=60)[0] for process in [_start(made), _start(made)]]
    assert sorted(output.splitlines()[-1].split()[0] for output in outputs) == ["fresh", "reused"]
    folder = store.entry_folder(made.ref(Backend.VENV))
    assert len(list(folder.glob("prefix-*"))) == 1


def test_one_of_two_is_killed_and_the_other_takes_over(index: Index, make: Maker, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    made = make(health=gate.health)
    builder = _start(made)
    assert _first_line(builder) == "small: building the environment"
    waiter = _start(made)
    assert _first_line(waiter) == "small: waiting for another process that builds it"
    gate.wait()
    builder.kill()
    builder.communicate()
    gate.open.touch()
    output = waiter.communicate(timeout=60)[0]
    assert output.splitlines()[-1].startswith("fresh ")


@pytest.mark.slow
def test_a_package_from_the_configured_index(make: Maker) -> None:
    built = _ensure(make(requirements="six\n", lock="six==1.17.0\n", health="import six\n"))
    assert built.packages == {"six": "1.17.0"}


@pytest.mark.slow
def test_the_onnx_environment(tmp_path: Path) -> None:
    folder = tmp_path / "environments" / "onnx"
    shutil.copytree(ROOT / "environments" / "onnx", folder)
    built = _ensure(spec.load(folder))
    assert built.packages["bioimageio.core"] == "0.11.0"
    assert "onnxruntime" in built.log.read_text("utf-8").splitlines()[-1]
