"""Finding the engine and its image, what is said where there is none, and tidying up after others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import msgspec
import psutil
import pytest

from harness import proc
from harness.errors import IsolationError
from harness.execute.isolate import container_engine, container_image
from harness.execute.isolate.container import container
from harness.execute.isolate.container_engine import LABEL, Answer, Info, connect, owner
from tests.execute.isolate.users import run_as

from .containers import PYTHON, assert_none, confinement, engine, run

FIT = Info(
    server_version="20.10.24",
    os_type="linux",
    security_options=("name=seccomp,profile=default",),
    memory_limit=True,
    pids_limit=True,
)


def test_no_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IsolationError, match="there is no program 'docker' here: install it"):
        connect()


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(IsolationError, match="it does not answer: start it"):
        connect()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            '{"ID":""}permission denied while trying to connect to the Docker daemon socket: Get "http://..."',
            "this user may not use /var/run/docker.sock: add them to the group 'docker', or run as root",
        ),
        ("docker: Error response: mkdir /x: no space left on device.\n", "its disk is full: make room"),
        (
            "docker: Error response: no such file.\nRun 'docker run --help' for more.",
            "docker: Error response",
        ),
        ("", "it gave no answer in time"),
    ],
)
def test_what_is_said_of_a_failed_call(output: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert Answer(ok=False, output=output).error().startswith(said)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")
def test_a_user_without_permission() -> None:
    engine()
    code = "from harness.execute.isolate.container_engine import connect\nconnect()"
    said = run_as("ordinary", ["-c", code]).stderr
    assert "IsolationError: no container: the Docker engine cannot be used: this user may not use" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"os_type": "windows"}, "containers of windows"),
        ({"security_options": ("name=apparmor",)}, "does not filter system calls"),
        ({"security_options": None}, "does not filter system calls"),
        ({"memory_limit": False}, "cannot limit memory"),
        ({"pids_limit": False}, "cannot limit memory and processes"),
    ],
)
def test_an_engine_that_does_not_fit(change: dict[str, object], said: str) -> None:
    assert container_engine._unfit(FIT) is None
    assert said in (container_engine._unfit(msgspec.structs.replace(FIT, **change)) or "")


@pytest.mark.parametrize("option", ["name=userns", "name=rootless"])
def test_users_that_are_mapped(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mapped = msgspec.structs.replace(FIT, security_options=(*(FIT.security_options or ()), option))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert "it maps user ids" in (container_engine._unfit(mapped) or "")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert container_engine._unfit(mapped) is None  # root removes what anybody writes


def test_an_image_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    engine()
    monkeypatch.setenv("HARNESS_CONTAINER_IMAGE", "no-such-image:1")
    with pytest.raises(IsolationError, match=r"run 'docker pull no-such-image:1', or unset the variable"):
        container()


def test_the_empty_image_is_made_once_and_again_when_it_is_gone() -> None:
    name = container_image.own_image(engine(), uid=4711, gid=4711)
    try:
        assert container_image.own_image(engine(), uid=4711, gid=4711) == name
        size = engine().call("image", "inspect", "--format", "{{.Size}}", name)
        assert int(size.output) < 1000
    finally:
        engine().call("image", "rm", name)
    assert container_image.own_image(engine(), uid=4711, gid=4711) == name
    engine().call("image", "rm", name)


def test_an_image_of_the_user_hides_the_system_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minimal one: the libraries that this interpreter and its standard library are linked with."""
    modules = sorted(Path(sysconfig.get_config_var("DESTSHARED")).glob("*.so"))
    linked = subprocess.run(["ldd", PYTHON.resolve(), *modules], capture_output=True, text=True, check=True)
    libraries = sorted(set(re.findall(r"\s(/(?:usr/)?lib\S+) \(0x", linked.stdout)))
    tar = tmp_path / "image.tar"
    subprocess.run(["tar", "--dereference", "-cf", tar, *libraries], check=True, stderr=subprocess.DEVNULL)
    name = "bioimage-harness-tests:libraries"
    assert engine().call("import", str(tar), name).ok
    try:
        monkeypatch.setenv("HARNESS_CONTAINER_IMAGE", name)
        found = container()
        assert name in found.description
        assert run("import os; print(os.path.exists('/usr/bin'))", tmp_path, inside=found).ok
        assert proc.tail(tmp_path / "log") == "False"
    finally:
        assert_none()  # an image in use cannot be removed
        engine().call("image", "rm", name)


def test_what_dead_harnesses_left_is_removed_and_nothing_else() -> None:
    image = container_image.own_image(engine(), uid=65534, gid=65534)
    place, pid, started = owner().split("/")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    owners = {
        "dead": f"{place}/{ended.pid}/{started}",
        "reused": f"{place}/{pid}/1.0",
        "mine": f"{place}/{pid}/{psutil.Process().create_time()}",
        "elsewhere": f"another/{ended.pid}/{started}",
        "odd": "odd",
    }
    names = {key: f"bioimage-harness-test-{os.getpid()}-{key}" for key in owners}
    try:
        for key, label in owners.items():
            made = engine().call("create", "--name", names[key], "--label", f"{LABEL}={label}", image, "/x")
            assert made.ok, made.output
        engine().sweep()
        there = engine().call("ps", "--all", "--format", "{{.Names}}").output.split()
        assert {key for key, name in names.items() if name in there} == {"mine", "elsewhere", "odd"}
    finally:
        engine().remove(*names.values())


def test_it_says_what_it_is() -> None:
    assert re.fullmatch(
        r"container \(Docker .+, uid \d+, image bioimage-harness:\w+\)", confinement().description
    )
