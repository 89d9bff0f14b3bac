"""Builds that come to nothing leave nothing that could be used, and say why (a real engine)."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.cell import Backend
from harness.environments import store, uv_command
from harness.environments.docker.dockerfile import BASE_VARIABLE
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.errors import Interrupted
from harness.verdict import Reason
from tests.collection.conftest import Server
from tests.conftest import ROOT
from tests.environments.conftest import Index
from tests.processes import processes_with
from tests.zoo.faults import small_disk

from .conftest import Make, built

pytestmark = pytest.mark.slow

COPY = "COPY --from=build /x /x\n"
SLOW = """ARG BASE_IMAGE=x
FROM ${BASE_IMAGE} AS build
LABEL bioimage-harness.part=build
RUN true && sleep 613
FROM ${BASE_IMAGE}
"""


MARK = "sleep\x00613"
ENSURE = """
import sys
from pathlib import Path
from harness.cell import Backend
from harness.environments import store
from harness.environments.docker import client
from harness.environments.spec import load
if sys.argv[2] == "classic":
    client.find_buildkit = lambda: None
def tell(line):
    print(line, flush=True)
built = store.ensure(load(Path(sys.argv[1])), Backend.DOCKER, on_progress=tell)
print("fresh" if built.fresh else "taken", built.image, flush=True)
"""


def refused(spec: EnvironmentSpec) -> EnvironmentBuildError:
    """The error of a build, of which nothing is left that could be taken for an environment."""
    with pytest.raises(EnvironmentBuildError) as caught:
        built(spec)
    assert store.find(spec, Backend.DOCKER) is None
    assert not store.entry_folder(spec.ref(Backend.DOCKER)).exists()
    assert caught.value.log.exists()
    return caught.value


def test_a_step_that_fails_is_named_with_its_last_words(builder: str, image_of: Make) -> None:
    spec = image_of(SLOW.replace("true && sleep 613", "echo its last words && exit 7") + COPY)
    error = refused(spec)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    step = "step 4 of 7" if builder == "classic" else "step 2 of 2"
    assert error.message.startswith(
        f"{spec.name}: building the image failed at {step} (RUN echo its last words && exit 7): exit code 1\n"
    )
    assert "its last words" in error.message.partition("\n")[2]


def test_a_lock_that_cannot_be_satisfied(builder: str, image_of: Make) -> None:
    error = refused(image_of(lock="tiny==2.0\n"))
    assert error.reason is Reason.ENVIRONMENT_UNSATISFIABLE, error.message
    assert "No solution found" in error.message
    assert "tiny==2.0" in error.message


def test_a_wheel_that_is_not_the_one_of_the_lock(buildkit: None, image_of: Make) -> None:
    error = refused(image_of(lock=f"tiny==1.0 --hash=sha256:{'0' * 64}\n"))
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert "Hash mismatch" in error.message


def test_a_download_that_dies_half_way(buildkit: None, image_of: Make, index: Index, served: Server) -> None:
    """Of a package that no earlier build has left in the engine's layers."""
    name = f"tiny{secrets.token_hex(4)}"
    index.add(name, "1.0")
    spec = image_of(lock=f"{name}==1.0\n", health=f"import {name}\n")
    wheel = f"files/{name}-1.0-py3-none-any.whl"
    served.faults[wheel] = "half"
    error = refused(spec)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert f"Failed to download `{name}==1.0`" in error.message
    assert served.seen.count(f"/{wheel}") >= 2, "it was tried again"
    del served.faults[wheel]
    assert built(spec).packages == {name: "1.0"}, "nothing of the broken file is taken"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small file system")
def test_a_disk_of_the_harness_that_is_full(
    buildkit: None, image_of: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine has room, and what is known of the image does not fit any more."""
    cache = tmp_path / "small"
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(cache))
    spec = image_of()
    with small_disk(cache, kilobytes=64):
        (cache / "ballast").write_bytes(b"1" * 60 * 1024)
        error = refused(spec)
        assert error.reason is Reason.DISK_FULL
        (cache / "ballast").unlink()
        assert built(spec).fresh


def test_a_base_image_with_another_python(buildkit: None, image_of: Make) -> None:
    spec = image_of()
    spec.dockerfile.write_text(spec.dockerfile_text().replace("--python 3.11", "--python 3.9"), "utf-8")
    assert "No interpreter found for Python 3.9" in refused(spec).message


def test_a_dockerfile_that_installs_something_else(buildkit: None, image_of: Make) -> None:
    text = "ARG BASE_IMAGE=x\nFROM ${BASE_IMAGE}\nRUN ln -s /usr/bin/python3 /usr/bin/python\n"
    spec = image_of(text)
    error = refused(spec)
    assert f"{spec.name}: the image bioimage-harness/" in error.message
    assert error.message.endswith("does not fit: package tiny is missing")


def test_a_dockerfile_without_python(buildkit: None, image_of: Make) -> None:
    text = "ARG BASE_IMAGE=x\nFROM ${BASE_IMAGE}\nRUN rm -f /usr/bin/python*\n"
    assert 'exec: "python": executable file not found' in refused(image_of(text)).message


def test_an_image_that_is_not_healthy_is_not_used_and_not_built_again(buildkit: None, image_of: Make) -> None:
    spec = image_of(health="print('about to fail')\nraise SystemExit(3)\n")
    error = refused(spec)
    assert error.reason is Reason.ENVIRONMENT_UNHEALTHY
    assert error.message.startswith(f"{spec.name}: the health check failed (exit code 3)\n")
    assert error.message.endswith("about to fail")
    spec.health.write_text("import tiny\n", "utf-8")
    told: list[str] = []
    store.ensure(spec, Backend.DOCKER, on_progress=told.append)
    assert not any(": step " in line for line in told)


def test_a_base_image_that_is_not_in_reach(image_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BASE_VARIABLE, "registry.invalid/no-such-image:1")
    spec = image_of()
    error = refused(spec)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert error.message.startswith(
        f"{spec.name}: the base image registry.invalid/no-such-image:1 is not on this machine and cannot be "
        "pulled; pull it where a registry is in reach, or name one that is here with HARNESS_BASE_IMAGE: "
    )


def test_a_dockerfile_that_names_no_base_image(image_of: Make) -> None:
    assert "Dockerfile: there is no line 'ARG BASE_IMAGE" in refused(image_of("FROM scratch\n")).message


def test_offline_nothing_is_pulled(image_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BASE_VARIABLE, "python:no-such-tag")
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    spec = image_of()
    assert refused(spec).message == (
        f"{spec.name}: the base image python:no-such-tag is not on this machine, and downloads are switched "
        "off; do it once without --offline (HARNESS_OFFLINE)"
    )


def test_a_build_that_hangs_ends(builder: str, image_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv_command, "BUILD_TIMEOUT", 6.0)
    spec = image_of(SLOW + COPY)
    error = refused(spec)
    assert error.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert re.search(r"\(RUN true && sleep 613\): no end after \d+ s", error.message)
    assert_nothing_runs()


def test_a_build_that_is_cancelled_ends(builder: str, image_of: Make) -> None:
    spec = image_of(SLOW + COPY)
    cancel = threading.Event()

    def progress(line: str) -> None:
        if "sleep" in line:
            threading.Timer(1.0, cancel.set).start()

    started = time.monotonic()
    with pytest.raises(Interrupted):
        store.ensure(spec, Backend.DOCKER, on_progress=progress, cancel=cancel)
    assert time.monotonic() - started < 30
    assert_nothing_runs()
    assert store.find(spec, Backend.DOCKER) is None


def assert_nothing_runs() -> None:
    """Soon no step of such a build runs."""
    deadline = time.monotonic() + 20
    while left := processes_with(MARK):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def start(spec: EnvironmentSpec, builder: str) -> subprocess.Popen[str]:
    """Another harness that asks for the same environment."""
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, str(spec.folder), builder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def wait_for(words: str, harness: subprocess.Popen[str]) -> None:
    """Until it has said that."""
    assert harness.stdout is not None
    heard: list[str] = []
    while not heard or words not in heard[-1]:
        heard.append(harness.stdout.readline())
        assert heard[-1], heard


def test_two_at_once_build_once(buildkit: None, image_of: Make) -> None:
    spec = image_of()
    outputs = [process.communicate()[0] for process in [start(spec, "buildkit") for _ in range(2)]]
    ended = [output.splitlines()[-1].split() for output in outputs]
    assert sorted(word for word, _ in ended) == ["fresh", "taken"]
    assert len({image for _, image in ended}) == 1
    assert sum("building the image" in output for output in outputs) == 1


def test_killed_in_the_middle(builder: str, image_of: Make) -> None:
    """What the engine has begun ends, too; the next one builds."""
    spec = image_of(SLOW + COPY)
    harness = start(spec, builder)
    wait_for("sleep", harness)
    while not processes_with(MARK):
        time.sleep(0.1)
    harness.kill()  # SIGKILL: it cannot tidy up
    harness.communicate()
    assert_nothing_runs()
    assert store.find(spec, Backend.DOCKER) is None
    spec.dockerfile.unlink()
    assert built(spec).fresh


def test_two_at_once_and_both_killed(buildkit: None, image_of: Make) -> None:
    spec = image_of(SLOW + COPY)
    builder = start(spec, "buildkit")
    wait_for("sleep", builder)
    waiter = start(spec, "buildkit")
    wait_for("waiting for another process", waiter)
    for harness in (builder, waiter):
        harness.kill()
        harness.communicate()
    assert_nothing_runs()
    assert store.find(spec, Backend.DOCKER) is None
    spec.dockerfile.unlink()
    outputs = [process.communicate()[0] for process in [start(spec, "buildkit") for _ in range(2)]]
    assert sorted(output.splitlines()[-1].split()[0] for output in outputs) == ["fresh", "taken"]


def test_killed_during_the_health_check(buildkit: None, image_of: Make) -> None:
    """An image that is complete is taken, but not without its health check."""
    spec = image_of(health="import time\nprint('checking', flush=True)\ntime.sleep(600)\n")
    harness = start(spec, "buildkit")
    wait_for("health check", harness)
    time.sleep(1)
    harness.kill()
    harness.communicate()
    assert store.find(spec, Backend.DOCKER) is None
    spec.health.write_text("print('checked')\n", "utf-8")
    again = built(spec)
    assert again.fresh
    assert again.log.read_text("utf-8").endswith("checked\n")
