"""What is said of an engine that is away, closed, full or stops (engines of the tests' own)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments import store
from harness.environments.docker.advice import advice
from harness.environments.failure import EnvironmentBuildError
from harness.environments.integrity import damage
from harness.verdict import Reason
from tests.environments.conftest import Index, Maker
from tests.execute.isolate.containers import OwnEngine, own_engine, running_engine
from tests.execute.isolate.users import run_as
from tests.processes import processes_with

from .conftest import Make, built, choose_builder, environment
from .test_failures import COPY, MARK, SLOW, refused

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
__all__ = ["own_engine"]
CHECK = "python\x00/run/harness/shown"
FULL = SLOW.replace("true && sleep 613", "dd if=/dev/zero of=/full bs=1M")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Error while fetching: PermissionError(13, 'Permission denied')", "this user may not use"),
        ("permission denied while trying to connect to the Docker daemon", "add them to the group 'docker'"),
        ("('Connection aborted.', FileNotFoundError(2, 'No such file'))", "start it, for example"),
        ("ConnectionRefusedError(111, 'Connection refused')", "start it, for example"),
        ("Cannot connect to the Docker daemon", "start it, for example"),
        ("HTTPConnectionPool: Read timed out. (read timeout=60)", "does not answer in time"),
        ("Error while fetching server API version: name or service not known", "look at DOCKER_HOST"),
        ("write /x: no space left on device", "its disk is full"),
        ("dial tcp: connection refused by the registry", None),
    ],
)
def test_advice(words: str, said: str | None) -> None:
    found = advice(words)
    assert said in found if said and found else found is None


def test_no_engine(image_of: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = image_of()
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nowhere")
        error = refused(spec)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert error.message == (
        f"{spec.name}: the Docker engine cannot be used: it does not answer: "
        "start it, for example with 'systemctl start docker'"
    )


def test_an_engine_that_is_away_is_no_damage(
    buildkit: None, image_of: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = image_of()
    made = built(spec)
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nowhere")
        assert damage(made) == ""
        assert store.find(spec, Backend.DOCKER) is None
    assert store.find(spec, Backend.DOCKER)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")
def test_a_user_without_permission(base: str) -> None:
    code = "from harness.environments.docker.engine import require\nrequire()"
    said = run_as("ordinary", ["-c", code]).stderr
    assert "EngineError: this user may not use /var/run/docker.sock: add them to the group 'docker'" in said


def bring(base: str) -> None:
    """Put the base image into the engine of the test."""
    host = "unix:///var/run/docker.sock"
    with subprocess.Popen(["docker", "--host", host, "save", base], stdout=subprocess.PIPE) as save:
        subprocess.run(["docker", "load"], stdin=save.stdout, check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["classic", "buildkit"])
def test_an_engine_that_stops_during_a_build(
    by: str, base: str, own_engine: OwnEngine, make: Maker, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(base)
    choose_builder(by, monkeypatch)
    # A shell that is process 1 heeds no other signal, and an engine waits for what it runs.
    spec = environment(make, SLOW.replace("RUN", "STOPSIGNAL SIGKILL\nRUN") + COPY)
    stopping: list[threading.Timer] = []

    def progress(line: str) -> None:
        if "sleep" in line:
            stopping.append(threading.Timer(1.0, own_engine.end, [signal.SIGTERM]))
            stopping[-1].start()

    with pytest.raises(EnvironmentBuildError) as caught:
        store.ensure(spec, Backend.DOCKER, on_progress=progress)
    stopping[0].join()
    assert caught.value.reason is Reason.ENVIRONMENT_BUILD_FAILED
    said = "(RUN true && sleep 613), since the Docker engine is gone: it does not answer: start it"
    assert said in caught.value.message
    own_engine.start()
    assert store.find(spec, Backend.DOCKER) is None
    spec.dockerfile.unlink()
    assert built(spec).fresh
    for pid in processes_with(MARK):  # BuildKit forgets what it has started
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_an_engine_that_stops_during_the_health_check(
    base: str, own_engine: OwnEngine, make: Maker, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing about the health of anything."""
    bring(base)
    choose_builder("buildkit", monkeypatch)
    # Process 1 is not ended by a signal that it does not handle, and an engine would wait for it.
    ends = "import os, signal, time\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(137))\n"
    spec = environment(make, health=f"{ends}time.sleep(617)\n")

    checking = threading.Event()

    def stop() -> None:
        checking.wait(120)
        while not processes_with(CHECK):
            time.sleep(0.1)
        time.sleep(0.5)
        own_engine.end(signal.SIGTERM)

    def progress(line: str) -> None:
        if line.endswith("health check"):
            checking.set()

    stopping = threading.Thread(target=stop)
    stopping.start()
    with pytest.raises(EnvironmentBuildError) as caught:
        store.ensure(spec, Backend.DOCKER, on_progress=progress)
    stopping.join()
    assert caught.value.reason is Reason.ENVIRONMENT_BUILD_FAILED
    said = "no health check, since the Docker engine cannot be used: it does not answer: start it"
    assert said in caught.value.message
    own_engine.start()
    assert store.find(spec, Backend.DOCKER) is None
    spec.health.write_text("import tiny\n", "utf-8")
    assert built(spec).fresh


@pytest.mark.slow
@pytest.mark.parametrize("by", ["classic", "buildkit"])
def test_a_disk_that_is_full(
    by: str, base: str, make: Maker, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_builder(by, monkeypatch)
    with running_engine(monkeypatch, disk_bytes=400 * 2**20):
        bring(base)
        error = refused(environment(make, FULL + COPY))
    assert error.reason is Reason.DISK_FULL
    assert "No space left on device" in error.message
