"""Packages come over a network that fails, or that nobody may use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import network
from harness.cell import Backend
from harness.environments import lock, spec, store
from harness.environments.built import BuiltEnvironment
from harness.environments.failure import EnvironmentBuildError
from harness.verdict import Reason
from tests.collection.conftest import Server
from tests.zoo.faults import small_disk

from .conftest import WHEEL, Index, Maker
from .test_venv import ENSURE, ROOT


def _ensure(made: spec.EnvironmentSpec) -> BuiltEnvironment:
    return store.ensure(made, Backend.VENV, on_progress=lambda _: None)


def _refused(made: spec.EnvironmentSpec) -> EnvironmentBuildError:
    """The failure; nothing of the build is left but its log."""
    with pytest.raises(EnvironmentBuildError) as caught:
        _ensure(made)
    assert store.find(made, Backend.VENV) is None
    assert not store.entry_folder(made.ref(Backend.VENV)).exists()
    assert caught.value.log.parent.name == "failed"
    return caught.value


def test_over_http(served: Server, make: Maker) -> None:
    assert _ensure(make()).packages == {"tiny": "1.0"}
    assert f"/{WHEEL}" in served.seen


@pytest.mark.parametrize("fault", ["half", "cut short", "500"])
def test_a_download_that_dies_half_way(served: Server, make: Maker, fault: str) -> None:
    made = make()
    served.faults[WHEEL] = fault
    error = _refused(made)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert "small: installing packages" in error.message
    assert "tiny" in error.message
    assert served.seen.count(f"/{WHEEL}") >= 2, "it was tried again"
    del served.faults[WHEEL]
    assert _ensure(made).packages == {"tiny": "1.0"}, "nothing of the broken file is taken"


def test_a_server_that_recovers_is_no_failure(served: Server, make: Maker) -> None:
    served.faults[WHEEL] = "500 once"
    assert _ensure(make()).fresh


def test_killed_while_it_downloads(served: Server, make: Maker) -> None:
    made = make()
    served.faults[WHEEL] = "stall"
    for _ in range(2):
        before = served.seen.count(f"/{WHEEL}")
        harness = subprocess.Popen(
            [sys.executable, "-c", ENSURE, str(made.folder)], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while served.seen.count(f"/{WHEEL}") == before and time.monotonic() < deadline:
            time.sleep(0.02)
        harness.kill()
        harness.communicate()
        assert store.find(made, Backend.VENV) is None
    del served.faults[WHEEL]
    built = _ensure(made)
    assert built.packages == {"tiny": "1.0"}
    assert list(built.prefix.parent.glob("prefix-*")) == [built.prefix]


def test_a_disk_that_fills_up(
    index: Index, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    made = make()
    cache = tmp_path / "small"
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(cache))
    with small_disk(cache, kilobytes=256):
        ballast = cache / "ballast"
        for kilobytes in (236, 216):
            ballast.write_bytes(b"1" * kilobytes * 1024)
            assert _refused(made).reason is Reason.DISK_FULL
        ballast.unlink()
        assert _ensure(made).fresh


def test_offline_from_the_cache(served: Server, make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _ensure(make())
    store.wipe(first.prefix.parent)
    monkeypatch.setenv(network.VARIABLE, "1")
    asked = len(served.seen)
    assert _ensure(make()).packages == {"tiny": "1.0"}
    assert len(served.seen) == asked


def test_offline_without_what_is_needed(
    served: Server, make: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served_index = Index(served.folder)
    served_index.add("other", "1.0")
    _ensure(make())
    monkeypatch.setenv(network.VARIABLE, "1")
    asked = len(served.seen)
    made = make("two", requirements="tiny\nother\n", lock="tiny==1.0\nother==1.0\n")
    error = _refused(made)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED, "it says nothing about the specification"
    first = error.message.splitlines()[0]
    assert first == (
        "two: installing packages: other: not in the cache of uv, and downloads are switched off; "
        "do it once without --offline (HARNESS_OFFLINE, UV_OFFLINE)"
    )
    with pytest.raises(EnvironmentBuildError, match=r"tiny==1\.0: not in the cache of uv"):
        lock.refresh(made, log=tmp_path / "lock.log", upgrade=True)
    assert len(served.seen) == asked


def test_offline_with_an_index_that_was_read_and_files_that_were_not(
    served: Server, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.faults[WHEEL] = "404"
    _refused(make())
    del served.faults[WHEEL]
    monkeypatch.setenv(network.VARIABLE, "1")
    assert "installing packages: tiny==1.0: not in the cache of uv" in _refused(make()).message
