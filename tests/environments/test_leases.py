"""Whoever uses an environment is seen by others until he is gone, however he goes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from harness.cell import Backend
from harness.environments import entry_lock, leases, store
from harness.environments.failure import EnvironmentBuildError
from harness.errors import Interrupted
from harness.verdict import Reason

from .conftest import Index, Maker

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from harness.environments import leases
held = leases.take(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def hold_elsewhere(entry: Path) -> subprocess.Popen[str]:
    """Another process that holds the entry."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(entry)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    """Kill it as nothing can be caught."""
    process.kill()
    process.communicate()


def test_several_hold_and_let_go(tmp_path: Path) -> None:
    entry, other = tmp_path / "store" / "one", tmp_path / "store" / "other"
    assert not leases.is_held(entry)
    first, second = leases.take(entry), leases.take(entry)
    assert leases.is_held(entry)
    assert not leases.is_held(other)
    thread = threading.Thread(
        target=first.release
    )  # fork servers are started in one thread, ended in another
    thread.start()
    thread.join()
    assert leases.is_held(entry)
    second.release()
    second.release()
    assert not leases.is_held(entry)
    assert not list(tmp_path.rglob("*.lock"))


def test_those_who_were_killed_hold_nothing(tmp_path: Path) -> None:
    entry = tmp_path / "one"
    processes = [hold_elsewhere(entry) for _ in range(2)]
    assert leases.is_held(entry)
    end(processes[0])
    assert leases.is_held(entry)
    end(processes[1])
    assert list(tmp_path.rglob("*.lock")), "nobody could tidy up"
    assert not leases.is_held(entry)
    assert not list(tmp_path.rglob("*.lock"))


def test_what_they_start_does_not_hold_on_for_them(tmp_path: Path) -> None:
    lease = leases.take(tmp_path / "one")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    lease.release()
    assert not leases.is_held(tmp_path / "one")
    child.kill()
    child.communicate()


def test_in_use_leaves_the_time(index: Index, make: Maker) -> None:
    made = make()
    entry = store.entry_folder(made.ref(Backend.VENV))
    with store.in_use(made, Backend.VENV):
        assert leases.is_held(entry)
        assert not entry.exists()
        store.ensure(made, Backend.VENV, on_progress=lambda _: None)
    used = (entry / store.LAST_USED).stat().st_mtime
    assert not leases.is_held(entry)
    with store.in_use(made, Backend.VENV):
        assert (entry / store.LAST_USED).stat().st_mtime > used


def test_it_waits_for_who_builds_or_removes(make: Maker) -> None:
    made = make()
    entry = store.entry_folder(made.ref(Backend.VENV))
    told: list[str] = []
    cancel = threading.Event()
    lock = entry_lock.lock_file(entry)
    lock.parent.mkdir(parents=True)
    with FileLock(lock):
        timer = threading.Timer(0.5, cancel.set)
        timer.start()
        with pytest.raises(Interrupted):
            store.in_use(made, Backend.VENV, on_progress=told.append, cancel=cancel).__enter__()
        assert not leases.is_held(entry)
    timer.join()
    assert told == ["small: waiting for another process that builds it"]


def test_a_store_that_cannot_be_written_needs_no_lease(
    index: Index, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make()
    built = store.ensure(made, Backend.VENV, on_progress=lambda _: None)
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    with store.in_use(made, Backend.VENV):
        found = store.find(made, Backend.VENV)
        assert not leases.is_held(built.prefix.parent)
    assert found is not None
    assert found.prefix == built.prefix
    assert not list(built.prefix.parent.parent.glob("in-use/*/*"))


def test_no_room_for_a_lease(make: Maker, tmp_path: Path) -> None:
    made = make()
    entry = store.entry_folder(made.ref(Backend.VENV))
    entry.parent.mkdir(parents=True)
    (entry.parent / "in-use").touch()  # no folder can be made there
    with pytest.raises(EnvironmentBuildError, match="small: noting that it is in use") as caught:
        store.in_use(made, Backend.VENV).__enter__()
    assert caught.value.reason is Reason.ENVIRONMENT_BUILD_FAILED
