"""Bytecode is made once for each file of uv's cache, and linked into every environment after that."""

from __future__ import annotations

import ast
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import proc
from harness.cell import Backend
from harness.environments import bytecode, compile_files, store
from harness.environments.attempt import Attempt
from harness.environments.built import BuiltEnvironment, run_variables
from harness.environments.failure import EnvironmentBuildError
from harness.environments.prune import prune
from harness.limits import Limits
from harness.verdict import Reason

from .conftest import PYTHON, Index, Maker

Build = Callable[[str], BuiltEnvironment]


@pytest.fixture
def build(index: Index, make: Maker) -> Build:
    """Makes environments with the package ``tiny``; each has another name."""
    return lambda name: store.ensure(make(name), Backend.VENV, on_progress=lambda _: None)


def _bytecode(built: BuiltEnvironment, module: str = "tiny") -> Path:
    (found,) = built.prefix.glob(f"lib/*/site-packages/__pycache__/{module}.cpython-*.pyc")
    return found


def _kept(cache: Path) -> list[Path]:
    return sorted((cache / "bytecode").glob("*/*"))


def test_compiled_once_and_used(build: Build, cache: Path, tmp_path: Path) -> None:
    first = build("first")
    assert _kept(cache)
    assert not list((cache / "bytecode").glob("*/.new-*"))
    second = build("second")
    assert _bytecode(first).samefile(_bytecode(second))
    log = tmp_path / "log"
    argv = [str(second.python), "-v", "-c", "import tiny"]
    variables = run_variables(second, threads=1)
    assert proc.run(argv, log=log, env=variables, cwd=tmp_path, limits=Limits(seconds=60)).ok
    assert f"{_bytecode(second)} matches {second.prefix}" in log.read_text("utf-8")


def test_another_file_is_compiled_for_itself(index: Index, make: Maker, build: Build, cache: Path) -> None:
    first = build("first")
    index.add("tiny", "2.0")
    second = store.ensure(make("second", lock="tiny==2.0\n"), Backend.VENV, on_progress=lambda _: None)
    assert not _bytecode(first).samefile(_bytecode(second))
    assert len(_kept(cache)) == 2


def test_a_source_that_changed_in_the_cache_is_compiled_anew(build: Build) -> None:
    first = build("first")
    source = _bytecode(first).parent.parent / "tiny.py"
    source.write_text("version = 'changed'\n", "utf-8")  # through the link
    second = build("second")
    assert (_bytecode(second).parent.parent / "tiny.py").samefile(source)
    assert not _bytecode(first).samefile(_bytecode(second))


def test_files_that_are_copied_leave_nothing(
    build: Build, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_LINK_MODE", "copy")
    assert _bytecode(build("first")).is_file()
    assert _bytecode(build("second")).is_file()
    assert not _kept(cache)


def test_what_no_environment_uses_is_forgotten(build: Build, cache: Path) -> None:
    built = build("first")
    prune([built.ref], now=time.time())
    assert _kept(cache)
    prune([], now=time.time())
    assert not _kept(cache)


def _prefix(folder: Path, cached: Path, files: dict[str, bytes]) -> Path:
    """A prefix with these files in its site folder, linked from a cache."""
    site = folder / "lib" / f"python{PYTHON}" / "site-packages"
    cached.mkdir(exist_ok=True)
    for name, content in files.items():
        origin = cached / name.replace("/", "-")
        if not origin.exists():
            origin.write_bytes(content)
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(origin, site / name)
    return folder


def _attempt(folder: Path) -> Attempt:
    return Attempt(log=folder / "log", cwd=folder, on_progress=lambda _: None)


def test_what_cannot_be_compiled_is_passed_over(tmp_path: Path, cache: Path) -> None:
    sources = {
        "package/__init__.py": b"",
        "package/good.py": b"x = 1\n",
        "package/below/good.py": b"y = 2\n",
        "package/python2.py": b"print 'x'\n",
        "package/binary.py": b"\xff\x00",
        "package/deep.py": b"x = " + b"(" * 5000 + b")" * 5000 + b"\n",
        "package/data.txt": b"x",
        "alone.py": b"z = 3\n",
    }
    first = _prefix(tmp_path / "first", tmp_path / "origin", sources)
    bytecode.make(first, Path(sys.executable), _attempt(tmp_path))
    made = sorted(path.name.split(".")[0] for path in first.rglob("*.pyc"))
    assert made == ["__init__", "alone", "good", "good"]
    assert len(_kept(cache)) == 2  # the package, and the module that stands alone
    # Elsewhere the same files are linked, and nothing is compiled.
    second = _prefix(tmp_path / "second", tmp_path / "origin", sources)
    bytecode.make(second, Path("/nowhere/python"), _attempt(tmp_path))
    assert sorted(path.name.split(".")[0] for path in second.rglob("*.pyc")) == made


def test_an_interpreter_that_does_not_work(tmp_path: Path) -> None:
    prefix = _prefix(tmp_path / "prefix", tmp_path / "origin", {"alone.py": b"x = 1\n"})
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho No space left on device\nexit 1\n", "utf-8")
    python.chmod(0o755)
    with pytest.raises(EnvironmentBuildError) as caught:
        bytecode.make(prefix, python, _attempt(tmp_path))
    assert caught.value.reason is Reason.DISK_FULL
    assert caught.value.message == "compiling the packages: exit code 1\nNo space left on device"


def test_the_program_runs_on_old_pythons() -> None:
    ast.parse(Path(compile_files.__file__).read_text("utf-8"), feature_version=(3, 8))
