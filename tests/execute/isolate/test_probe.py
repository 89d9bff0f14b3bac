"""The sandbox holds as root and as an ordinary user, and the probe tells when it does not."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from harness.execute.isolate.escape.main import ATTEMPTS as MADE
from harness.execute.isolate.level import Level
from harness.execute.isolate.probe import ATTEMPTS, PROMISED, escapes, probe
from harness.execute.isolate.process import Process
from tests.execute.isolate import weakened
from tests.execute.isolate.users import run_as

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

Found = dict[str, list[str]]
# What must get out of each faulty sandbox, whoever runs it; more may.
FAULTS: dict[str, set[str]] = {
    "Networked": {"interfaces", "tcp", "udp", "abstract-socket"},
    "ShowsEverything": {"temporary-folder", "shared-memory", "write-outside"},
    "WritableEnvironment": {"write-environment"},
    "Unfiltered": {"ptrace", "keyring"},
    "Unscrubbed": {"variables"},
    "SharesProcesses": {"process-table"},
    "KeepsRights": {"fork-bomb"},
    "Unlimited": {"fork-bomb"},
}
AS_ROOT: dict[str, set[str]] = {
    "Unfiltered": {"user-namespace"},
    "KeepsRights": {"rights"},
}
AS_ORDINARY_USER: dict[str, set[str]] = {
    "ShowsEverything": {"ledger", "expected-outputs", "other-cell", "cache", "home", "path-socket"},
    "SharesProcesses": {"signals"},
    "Unscrubbed": {"parent-environment"},
}


@pytest.fixture(scope="module")
def found_as_root() -> Found:
    return found("root")


@pytest.fixture(scope="module")
def found_as_ordinary_user() -> Found:
    return found("ordinary")


def found(who: str) -> Found:
    done = run_as(who, ["-m", weakened.__name__])
    assert done.returncode == 0, done.stdout + done.stderr
    read: Found = json.loads(done.stdout)
    return read


def test_nothing_gets_out_of_the_sandbox_of_root(found_as_root: Found) -> None:
    assert found_as_root["Bubblewrap"] == []


def test_nothing_gets_out_of_the_sandbox_of_an_ordinary_user(found_as_ordinary_user: Found) -> None:
    assert found_as_ordinary_user["Bubblewrap"] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_shows_as_root(fault: str, found_as_root: Found) -> None:
    assert FAULTS[fault] | AS_ROOT.get(fault, set()) <= set(found_as_root[fault])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_shows_as_an_ordinary_user(fault: str, found_as_ordinary_user: Found) -> None:
    assert FAULTS[fault] | AS_ORDINARY_USER.get(fault, set()) <= set(found_as_ordinary_user[fault])


def test_every_fault_is_tested() -> None:
    assert {kind.__name__ for kind in weakened.EVERY} == {"Bubblewrap", *FAULTS}


def test_a_process_keeps_what_little_it_promises() -> None:
    attempts = probe(Process(), Path(sys.executable))
    assert escapes(attempts, Level.PROCESS) == []
    got_out = {attempt.name for attempt in attempts if attempt.escaped}
    # So the attempts do reach what is really there.
    assert {"tcp", "udp", "abstract-socket", "path-socket", "ledger", "process-table", "signals"} <= got_out


def test_every_attempt_has_words_and_a_level_that_stops_it() -> None:
    assert list(ATTEMPTS) == list(MADE)
    assert PROMISED[Level.SANDBOX] == set(ATTEMPTS)


def test_the_probe_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path))
    probe(Process(), Path(sys.executable))
    assert list(tmp_path.iterdir()) == []
    there = list(Path("/dev/shm").glob(".harness-probe-*"))
    deadline = time.monotonic() + 60
    while any(path.exists() for path in there):  # other tests probe, too
        assert time.monotonic() < deadline
        time.sleep(0.05)
