"""The escape probe in a container, and in containers that are weaker than they must be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness import jsonio
from harness.execute.isolate import bait, container_image, escape
from harness.execute.isolate.container import HARDENING, Container
from harness.execute.isolate.level import Level, Mount
from harness.execute.isolate.probe import ATTEMPTS, Attempt, escapes
from harness.limits import Limits

from .containers import PYTHON, confinement, engine, run

_LIMITS = Limits(seconds=60, processes=50, memory_bytes=2**30)
_WATCHED = Limits(seconds=60)  # whether the engine stops it is the question
_MAIN = "import sys; sys.path.insert(0, '.'); from escape.main import main; main('task.json', 'answer.json')"


def probe(
    inside: Container, folder: Path, attempts: Sequence[str], *, mounts: Sequence[Mount] = ()
) -> list[Attempt]:
    """What comes of these attempts."""
    cell = folder / "cell"
    shutil.copytree(Path(escape.__file__).parent, cell / "escape")
    with ExitStack() as outside:
        task = outside.enter_context(bait.laid_out(folder, "token-" + os.urandom(8).hex())) | {
            "attempts": list(attempts),
            "variables": ["LANG"],
            "environment": str(PYTHON.parent.parent),
            "processes": 150,
        }
        (cell / "task.json").write_bytes(jsonio.dumps(task))
        ended = run(_MAIN, folder, inside=inside, limits=_LIMITS, watched=_WATCHED, mounts=mounts)
    assert ended.ok, (folder / "log").read_text()
    return jsonio.read(cell / "answer.json", list[Attempt])


def test_nothing_gets_out(tmp_path: Path) -> None:
    attempts = probe(confinement(), tmp_path, list(ATTEMPTS))
    assert [attempt.name for attempt in attempts] == list(ATTEMPTS)
    assert escapes(attempts, Level.CONTAINER) == []
    untried = [attempt.name for attempt in attempts if attempt.escaped is None]
    assert untried == []


def without(*options: str) -> tuple[str, ...]:
    """The hardening without these options (each with its value)."""
    rest = list(HARDENING)
    for option in options:
        at = rest.index(option)
        del rest[at : at + (1 if option == "--read-only" else 2)]
    return tuple(rest)


NOBODY, ROOT = (65534, 65534), (0, 0)


@pytest.mark.parametrize(
    ("hardening", "user", "attempt"),
    [
        ((*without("--network"), "--network", "host"), NOBODY, "tcp"),
        ((*without("--network"), "--network", "host"), NOBODY, "abstract-socket"),
        ((*without("--network"), "--network", "bridge"), NOBODY, "interfaces"),
        ((*HARDENING, "--pid", "host"), ROOT, "process-table"),
        (without("--read-only"), ROOT, "write-outside"),
        (without("--cap-drop"), ROOT, "rights"),
        ((*HARDENING, "--security-opt", "systempaths=unconfined"), ROOT, "settings"),
        ((*HARDENING, "--device", "/dev/kmsg", "--cap-add", "SYSLOG"), ROOT, "devices"),
        ((*without("--cap-drop"), "--cap-add", "SYS_ADMIN"), ROOT, "mount"),
        ((*HARDENING, "--security-opt", "seccomp=unconfined"), NOBODY, "user-namespace"),
    ],
)
def test_a_weakened_container_is_found_out(
    hardening: Sequence[str], user: tuple[int, int], attempt: str, tmp_path: Path
) -> None:
    image = container_image.own_image(engine(), uid=65534, gid=65534)
    shown = container_image.system_mounts()
    weak = Container(engine(), image=image, shown=shown, user=user, hardening=hardening)
    (found,) = probe(weak, tmp_path, [attempt])
    assert escapes([found], Level.CONTAINER) == [found], found.detail


def test_what_should_not_be_mounted_is_found_out(tmp_path: Path) -> None:
    socket = Path("/var/run/docker.sock")
    if os.getuid() != 0 or not socket.exists():
        pytest.skip("needs root and the engine's socket")
    weak = Container(
        engine(),
        image=container_image.own_image(engine(), uid=65534, gid=65534),
        shown=container_image.system_mounts(),
        user=ROOT,
    )
    mounts = [
        Mount(source=socket, target=str(socket)),
        Mount(source=Path("/etc/shadow"), target="/etc/shadow"),
    ]
    found = probe(weak, tmp_path, ["docker-socket", "shadow"], mounts=mounts)
    assert [attempt.name for attempt in escapes(found, Level.CONTAINER)] == ["docker-socket", "shadow"]
