"""Damage to a built environment is noticed and named (environments made by uv, from an index in a folder)."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import msgspec
import pytest
from filelock import FileLock

from harness.cell import Backend
from harness.environments import marker, store
from harness.environments.built import BuiltEnvironment
from harness.environments.entry_lock import lock_file
from harness.environments.integrity import damage
from harness.environments.spec import EnvironmentSpec
from harness.errors import OutputError

from .conftest import Index, Maker


@pytest.fixture
def made(index: Index, make: Maker) -> EnvironmentSpec:
    """An environment of two packages; the name of one is written in two ways."""
    index.add("big_one", "2.0", requires=("tiny",))
    return make(requirements="big-one\n", lock="big-one==2.0\ntiny==1.0\n")


def _ensure(made: EnvironmentSpec) -> BuiltEnvironment:
    return store.ensure(made, Backend.VENV, on_progress=lambda _: None)


def _site(built: BuiltEnvironment) -> Path:
    (site,) = built.prefix.glob("lib/python*/site-packages")
    return site


def _replace(path: Path, text: str) -> None:
    """A new file: uv may have linked the installed one to its cache."""
    path.unlink()
    path.write_text(text, "utf-8")


def test_what_was_built_is_whole_with_and_without_its_bytecode(made: EnvironmentSpec) -> None:
    built = _ensure(made)
    assert set(built.packages) == {"big_one", "tiny"}
    assert damage(built) == ""
    assert list(_site(built).glob("__pycache__/tiny*.pyc"))
    shutil.rmtree(_site(built) / "__pycache__")
    assert damage(built) == ""


def test_missing_and_changed_files_are_named(made: EnvironmentSpec) -> None:
    built = _ensure(made)
    module = _site(built) / "tiny.py"
    text = module.read_text("utf-8")
    inside = module.relative_to(built.prefix)
    module.unlink()
    assert damage(built) == f"{inside} is missing (No such file or directory)"
    module.write_text(text + "#", "utf-8")
    assert damage(built) == f"{inside} has {len(text) + 1} bytes, was installed with {len(text)}"
    _replace(module, text)
    assert damage(built) == ""
    shutil.rmtree(_site(built) / "tiny-1.0.dist-info")
    assert damage(built) == "package tiny is missing"


def test_an_interpreter_that_is_gone_or_cannot_be_started(made: EnvironmentSpec) -> None:
    built = _ensure(made)
    built.python.unlink()
    assert damage(built) == "bin/python is missing"
    built.python.symlink_to("/nowhere/python")
    assert damage(built) == "bin/python is missing"
    built.python.unlink()
    built.python.touch(0o644)
    assert damage(built) == "bin/python is not executable"


@pytest.mark.parametrize("text", [None, b"a,sha256=x,many\n", b"a,b\n", b'"a\n', b"\xff,,1\n", b"a\0b,,1\n"])
def test_a_record_that_cannot_be_read(made: EnvironmentSpec, text: bytes | None) -> None:
    built = _ensure(made)
    record = _site(built) / "tiny-1.0.dist-info" / "RECORD"
    record.unlink()
    if text is not None:
        record.write_bytes(text)
    assert damage(built)


def test_records_as_installers_write_them(made: EnvironmentSpec) -> None:
    built = _ensure(made)
    site = _site(built)
    (site / "a, b.txt").write_text("four", "utf-8")
    (built.prefix / "share").mkdir()
    (built.prefix / "share" / "page.1").write_text("one", "utf-8")
    _replace(site / "tiny-1.0.dist-info" / "RECORD", '"a, b.txt",,4\n../../../share/page.1,,3\nno-size,,\n')
    assert damage(built) == ""
    # Another distribution brought the same file, and was installed later.
    (site / "other-1.dist-info").mkdir()
    (site / "other-1.dist-info" / "RECORD").write_text("../site-packages/tiny.py,,1\ntiny.py,,1\n", "utf-8")
    _replace(site / "tiny-1.0.dist-info" / "RECORD", "tiny.py,,2\n")
    for size in (1, 2):
        _replace(site / "tiny.py", "#" * size)
        assert damage(built) == ""
    _replace(site / "tiny.py", "###")
    assert damage(built).endswith("tiny.py has 3 bytes, was installed with 1 or 2")


def test_what_is_discarded_stays_until_it_is_built_anew(made: EnvironmentSpec) -> None:
    built = _ensure(made)
    (_site(built) / "tiny.py").unlink()
    store.discard(built)
    assert store.find(made, Backend.VENV) is None
    assert built.python.exists()
    again = _ensure(made)
    assert again.fresh
    assert damage(again) == ""
    assert not built.prefix.exists()

    store.discard(built)  # late: another one is there by now
    assert store.find(made, Backend.VENV) is not None


def test_discarding_waits_for_the_lock(made: EnvironmentSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    built = _ensure(made)
    ready = built.prefix.parent / marker.FILE
    with FileLock(lock_file(built.prefix.parent)):
        thread = threading.Thread(target=store.discard, args=[built])
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert ready.exists()
    thread.join()
    assert not ready.exists()
    monkeypatch.setattr(store, "WAIT_TIMEOUT", 0.1)
    with FileLock(lock_file(built.prefix.parent)), pytest.raises(OutputError, match="be discarded"):
        store.discard(built)


def test_discarding_what_is_gone(made: EnvironmentSpec) -> None:
    built = _ensure(made)
    store.wipe(built.prefix.parent)
    store.discard(built)
    nowhere = msgspec.structs.replace(built, prefix=Path(os.devnull) / "entry" / "prefix")
    with pytest.raises(OutputError, match="cannot be discarded"):
        store.discard(nowhere)
