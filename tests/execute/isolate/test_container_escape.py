"""The escape probe in a container, and in containers that are weaker than they must be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.execute.isolate import container_image
from harness.execute.isolate.container import HARDENING, Container
from harness.execute.isolate.level import Level, Mount
from harness.execute.isolate.probe import ATTEMPTS, escapes, probe
from harness.limits import Limits

from .containers import PYTHON, confinement, engine
from .users import DOCKER, run_as

pytestmark = pytest.mark.slow


def test_nothing_gets_out() -> None:
    attempts = probe(confinement(), PYTHON)
    assert [attempt.name for attempt in attempts] == list(ATTEMPTS)
    assert escapes(attempts, Level.CONTAINER) == []
    assert [attempt.name for attempt in attempts if attempt.escaped is None] == []


AS_USER = """
import shutil, sys
from pathlib import Path
from harness.execute.isolate.level import Level
from harness.execute.isolate.probe import escapes, probe
from tests.execute.isolate.containers import confinement, run
print(escapes(probe(confinement(), Path(sys.executable)), Level.CONTAINER))
folder = Path.home() / "run"
folder.mkdir()
run("import os; os.umask(0o077); os.mkdir('x'); open('x/y', 'w').write('left')", folder)
print((folder / "cell" / "x" / "y").read_text())
shutil.rmtree(folder)
"""


def test_nothing_gets_out_as_an_ordinary_user() -> None:
    """One of the group that may use the engine, who can read and remove what a worker leaves."""
    engine()
    done = run_as("ordinary", ["-c", AS_USER], docker=True)
    assert done.stdout.splitlines() == ["[]", "left"], done.stderr


def without(option: str) -> tuple[str, ...]:
    """The hardening without this option and its value."""
    at = HARDENING.index(option)
    return (*HARDENING[:at], *HARDENING[at + (1 if option == "--read-only" else 2) :])


NOBODY, ROOT = (65534, 65534), (0, 0)


class Weak(Container):
    """A container with other hardening, another user, no limits, or more to see."""

    def __init__(
        self,
        hardening: Sequence[str] = HARDENING,
        user: tuple[int, int] = NOBODY,
        *,
        limited: bool = True,
        more: Sequence[Path] = (),
    ) -> None:
        image = container_image.own_image(engine(), uid=NOBODY[0], gid=NOBODY[1])
        shown = (*container_image.system_mounts(), *(Mount(source=path, target=str(path)) for path in more))
        super().__init__(engine(), image=image, shown=shown, user=user, hardening=hardening)
        self._limited = limited

    def options(self, mounts: Sequence[Mount], limits: Limits) -> tuple[str, ...]:
        return super().options(mounts, limits if self._limited else Limits())


HOST_NETWORK = (*without("--network"), "--network", "host")


@pytest.mark.parametrize(
    ("hardening", "user", "names"),
    [
        (HOST_NETWORK, NOBODY, ["interfaces", "tcp", "udp", "abstract-socket"]),
        ((*without("--network"), "--network", "bridge"), NOBODY, ["interfaces"]),
        ((*HARDENING, "--pid", "host"), ROOT, ["process-table"]),
        (without("--read-only"), ROOT, ["write-outside"]),
        (without("--cap-drop"), ROOT, ["rights"]),
        ((*HARDENING, "--security-opt", "systempaths=unconfined"), ROOT, ["settings"]),
        ((*HARDENING, "--device", "/dev/kmsg", "--cap-add", "SYSLOG"), ROOT, ["devices"]),
        ((*HARDENING, "--cap-add", "SYS_ADMIN"), ROOT, ["mount"]),
        ((*HARDENING, "--security-opt", "seccomp=unconfined"), NOBODY, ["user-namespace", "keyring"]),
    ],
)
def test_a_weakened_container_is_found_out(
    hardening: Sequence[str], user: tuple[int, int], names: Sequence[str]
) -> None:
    found = escapes(probe(Weak(hardening, user), PYTHON), Level.CONTAINER)
    assert {attempt.name for attempt in found} >= set(names)


def test_a_container_without_limits_is_found_out() -> None:
    found = escapes(probe(Weak(limited=False), PYTHON), Level.CONTAINER)
    assert [attempt.name for attempt in found] == ["fork-bomb"]


def test_what_should_not_be_mounted_is_found_out() -> None:
    if os.getuid() != 0 or not DOCKER.exists():
        pytest.skip("needs root and the engine's socket")
    more = [DOCKER, Path("/etc/shadow"), Path("/dev/shm")]
    found = escapes(probe(Weak(user=ROOT, more=more), PYTHON), Level.CONTAINER)
    assert {attempt.name for attempt in found} >= {"docker-socket", "shadow", "shared-memory"}
