"""Environments are built once and used only if they are complete (a stand-in for uv)."""

from __future__ import annotations

import contextlib
import errno
import json
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend
from harness.environments import backend as backends
from harness.environments import failure, inventory, marker, recipe, store
from harness.environments.attempt import Attempt
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError, Interrupted, OutputError, UsageError
from harness.verdict import Reason

from .conftest import Maker

HEALTHY = "print('well')\n"


class FakeBackend:
    """Makes an "environment" that is a link to this interpreter."""

    name = Backend.VENV

    def __init__(self) -> None:
        self.builds = 0
        self.sealed = 0
        self.error: Exception | None = None

    def build(self, spec: EnvironmentSpec, prefix: Path, attempt: Attempt) -> None:  # noqa: ARG002
        """Count, write into the log, and fail if told so."""
        self.builds += 1
        with attempt.log.open("a", encoding="utf-8") as stream:
            stream.write("first line\nlast line\n")
        python = self.interpreter(prefix)
        python.parent.mkdir(parents=True)
        python.symlink_to(sys.executable)
        if self.error is not None:
            raise self.error

    def seal(self, spec: EnvironmentSpec, prefix: Path) -> None:  # noqa: ARG002
        """Count."""
        self.sealed += 1

    def interpreter(self, prefix: Path) -> Path:
        """Like a virtual environment's."""
        return prefix / "bin" / "python"

    def image(self, prefix: Path) -> None:
        """It is in its folder."""

    def python_version(self, prefix: Path) -> str:  # noqa: ARG002
        """Any."""
        return "3.11.9"

    def packages(self, prefix: Path) -> dict[str, str]:  # noqa: ARG002
        """Any."""
        return {"tiny": "1.0"}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    """The only backend there is."""
    made = FakeBackend()
    monkeypatch.setattr(backends, "BACKENDS", {Backend.VENV: made})
    return made


def silent(_: str) -> None:
    """Progress that nobody watches."""


def test_builds_once(make: Maker, fake: FakeBackend, cache: Path) -> None:
    made = make(health=HEALTHY)
    told: list[str] = []
    assert store.find(made, Backend.VENV) is None
    first = store.ensure(made, Backend.VENV, on_progress=told.append)
    assert told[:2] == ["small: building the environment", "small: health check"]
    assert first.fresh
    assert first.ref == made.ref(Backend.VENV)
    assert first.packages == {"tiny": "1.0"}
    assert first.python_version == "3.11.9"
    assert first.log.read_text("utf-8") == "first line\nlast line\nwell\n"
    assert cache in first.prefix.parents
    assert first.prefix.parent.name == f"small-{first.ref.digest[:16]}"

    second = store.ensure(made, Backend.VENV, on_progress=told.append)
    assert not second.fresh
    assert (second.prefix, second.seconds) == (first.prefix, first.seconds)
    assert store.find(made, Backend.VENV) == second
    assert fake.builds == 1


def test_another_lock_is_another_environment(make: Maker, fake: FakeBackend) -> None:
    first = store.ensure(make(health=HEALTHY), Backend.VENV, on_progress=silent)
    second = store.ensure(make(health=HEALTHY, lock="tiny==2\n"), Backend.VENV, on_progress=silent)
    assert first.prefix != second.prefix
    assert fake.builds == 2
    assert len(inventory.stored()) == 2


def test_leftovers_are_wiped(make: Maker, fake: FakeBackend) -> None:
    made = make(health=HEALTHY)
    folder = store.entry_folder(made.ref(Backend.VENV))
    (folder / "prefix-old" / "bin").mkdir(parents=True)
    (folder / "prefix-old" / "bin" / "python").touch()
    (folder / "build.log").write_text("killed", "utf-8")
    built = store.ensure(made, Backend.VENV, on_progress=silent)
    left = {path.name for path in folder.iterdir()}
    assert left == {"build.log", built.prefix.name, "ready.json", f"{built.ref.digest}.json"}
    assert "killed" not in built.log.read_text("utf-8")
    assert not list(folder.parent.glob(".removed-*"))


def test_a_stray_process_that_goes_on_writing_does_no_harm(make: Maker, fake: FakeBackend) -> None:
    made = make(health="import time\ntime.sleep(0.3)\n")
    folder = store.entry_folder(made.ref(Backend.VENV))
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.wait(0.002):
            number += 1
            with contextlib.suppress(OSError):  # the store removes what it writes into
                (folder / "prefix-old" / f"{number}").mkdir(parents=True, exist_ok=True)

    stray = threading.Thread(target=write)
    stray.start()
    try:
        for _ in range(3):
            built = store.ensure(made, Backend.VENV, on_progress=silent)
            assert built.fresh
            assert built.prefix.name != "prefix-old"
            (folder / marker.FILE).unlink()
    finally:
        stop.set()
        stray.join()


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 2}', "not json"])
def test_a_marker_that_cannot_be_read_is_none(make: Maker, fake: FakeBackend, text: str) -> None:
    made = make(health=HEALTHY)
    store.ensure(made, Backend.VENV, on_progress=silent)
    (store.entry_folder(made.ref(Backend.VENV)) / marker.FILE).write_text(text, "utf-8")
    assert store.ensure(made, Backend.VENV, on_progress=silent).fresh


def test_a_marker_of_another_digest_is_none(make: Maker, fake: FakeBackend) -> None:
    made = make(health=HEALTHY)
    store.ensure(made, Backend.VENV, on_progress=silent)
    path = store.entry_folder(made.ref(Backend.VENV)) / marker.FILE
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "digest": "0" * 64}), "utf-8")
    assert store.ensure(made, Backend.VENV, on_progress=silent).fresh


def test_an_interpreter_that_disappeared_means_a_new_build(make: Maker, fake: FakeBackend) -> None:
    made = make(health=HEALTHY)
    built = store.ensure(made, Backend.VENV, on_progress=silent)
    built.python.unlink()
    built.python.symlink_to("/nowhere/python")
    again = store.ensure(made, Backend.VENV, on_progress=silent)
    assert again.fresh
    assert again.python.exists()


def test_a_failed_build_keeps_its_log_and_nothing_else(make: Maker, fake: FakeBackend) -> None:
    made = make(health=HEALTHY)
    folder = store.entry_folder(made.ref(Backend.VENV))
    fake.error = EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, "no luck", folder / "build.log")
    with pytest.raises(EnvironmentBuildError, match="no luck") as caught:
        store.ensure(made, Backend.VENV, on_progress=silent)
    assert caught.value.log == folder.parent / "failed" / f"{folder.name}.log"
    assert caught.value.log.read_text("utf-8") == "first line\nlast line\n"
    assert not folder.exists()
    fake.error = None
    assert store.ensure(made, Backend.VENV, on_progress=silent).fresh


def test_an_unhealthy_environment_is_not_kept(make: Maker, fake: FakeBackend) -> None:
    made = make(health="print('about to fail')\nraise SystemExit(3)\n")
    with pytest.raises(EnvironmentBuildError) as caught:
        store.ensure(made, Backend.VENV, on_progress=silent)
    assert caught.value.reason is Reason.ENVIRONMENT_UNHEALTHY
    assert "the health check failed (exit code 3)" in caught.value.message
    assert caught.value.message.endswith("last line\nabout to fail")
    assert store.find(made, Backend.VENV) is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), Reason.DISK_FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), Reason.DISK_FULL),
        (OSError(errno.EACCES, "Permission denied"), Reason.ENVIRONMENT_BUILD_FAILED),
        (OutputError("cannot be written"), Reason.ENVIRONMENT_BUILD_FAILED),
    ],
)
def test_what_the_system_refused(make: Maker, fake: FakeBackend, error: Exception, reason: Reason) -> None:
    fake.error = error
    with pytest.raises(EnvironmentBuildError) as caught:
        store.ensure(make(health=HEALTHY), Backend.VENV, on_progress=silent)
    assert caught.value.reason is reason
    assert str(caught.value).endswith("first line\nlast line")
    assert caught.value.log.exists()


def test_a_full_disk_behind_a_marker_that_cannot_be_written(
    make: Maker, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, __: marker.Marker) -> None:
        raise OutputError("ready.json: cannot be written") from OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(marker, "write", full)
    with pytest.raises(EnvironmentBuildError) as caught:
        store.ensure(make(health=HEALTHY), Backend.VENV, on_progress=silent)
    assert caught.value.reason is Reason.DISK_FULL


def test_an_interrupted_build_is_no_environment(make: Maker, fake: FakeBackend) -> None:
    fake.error = Interrupted("stopped by the user")
    made = make(health=HEALTHY)
    with pytest.raises(Interrupted):
        store.ensure(made, Backend.VENV, on_progress=silent)
    fake.error = None
    assert store.ensure(made, Backend.VENV, on_progress=silent).fresh


def test_threads_wait_for_each_other(make: Maker, fake: FakeBackend) -> None:
    made = make(health="import time\ntime.sleep(0.5)\n")
    told: list[str] = []
    fresh: list[bool] = []

    def ask() -> None:
        fresh.append(store.ensure(made, Backend.VENV, on_progress=told.append).fresh)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fresh) == [False, False, True]
    assert fake.builds == 1
    assert told.count("small: waiting for another process that builds it") == 2


def test_waiting_can_be_cancelled(make: Maker, fake: FakeBackend) -> None:
    made = make(health="import time\ntime.sleep(1)\n")
    building = threading.Event()

    def build() -> None:
        store.ensure(made, Backend.VENV, on_progress=lambda _: building.set())

    thread = threading.Thread(target=build)
    thread.start()
    assert building.wait(10)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Interrupted):
        store.ensure(made, Backend.VENV, on_progress=silent, cancel=cancel)
    thread.join()
    assert store.find(made, Backend.VENV) is not None


def test_a_backend_that_is_not_there(make: Maker, fake: FakeBackend) -> None:
    with pytest.raises(UsageError, match="cannot be made with docker yet; use one of: venv"):
        store.ensure(make(), Backend.DOCKER, on_progress=silent)


def test_a_cache_that_cannot_be_written(
    make: Maker, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="HARNESS_CACHE_DIR"):
        store.ensure(make(), Backend.VENV, on_progress=silent)


def test_a_missing_lock_is_no_build_error(make: Maker, fake: FakeBackend) -> None:
    made = make()
    made.lock.unlink()
    with pytest.raises(ConfigurationError, match="harness env lock"):
        store.ensure(made, Backend.VENV, on_progress=silent)


def test_inventory(make: Maker, fake: FakeBackend) -> None:
    one = store.ensure(make("one", health=HEALTHY), Backend.VENV, on_progress=silent)
    two = store.ensure(make("two", health=HEALTHY), Backend.VENV, on_progress=silent)
    assert [(item.ref, item.packages) for item in inventory.stored()] == [
        (one.ref, {"tiny": "1.0"}),
        (two.ref, {"tiny": "1.0"}),
    ]
    found = inventory.find(one.ref)
    assert found is not None
    assert (found.folder, found.used_at) == (one.prefix.parent, found.built_at)
    assert inventory.find(msgspec.structs.replace(one.ref, digest=one.ref.digest[:16] + "0" * 48)) is None


def test_what_was_made_is_beside_it(make: Maker, fake: FakeBackend) -> None:
    made = make(health=HEALTHY)
    built = store.ensure(made, Backend.VENV, on_progress=silent)
    assert recipe.read(built.prefix.parent, built.ref.digest) == made.recipe(Backend.VENV)


@pytest.mark.parametrize(
    "line",
    ["--index-url https://packages.example/simple", "-r others.txt", "tiny @ file:///tiny.whl", "tiny>=1"],
)
def test_a_lock_that_names_a_place_is_not_built(make: Maker, fake: FakeBackend, line: str) -> None:
    with pytest.raises(EnvironmentBuildError, match=r"requirements\.lock: ") as caught:
        store.ensure(make(health=HEALTHY, lock=f"tiny==1.0\n{line}\n"), Backend.VENV, on_progress=silent)
    assert caught.value.reason is Reason.ENVIRONMENT_BUILD_FAILED
    assert line in caught.value.message
    assert fake.builds == 0


def test_the_error_is_one_value() -> None:
    error = failure.from_exception(
        "building", OSError(errno.ENOSPC, "No space left on device"), Path("/no.log")
    )
    assert str(error) == "building: [Errno 28] No space left on device"
