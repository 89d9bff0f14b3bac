"""Prove that a confinement holds: run attempts to get out of it, against things that are really there."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from harness import jsonio, proc
from harness.errors import ConfigurationError, IsolationError
from harness.execute.isolate import bait, escape
from harness.execute.isolate.environment import environment_mounts
from harness.execute.isolate.level import Confinement, Level, Mount
from harness.execute.isolate.run import run_confined
from harness.limits import LOG_BYTES, Limits

# Every attempt of the program in ``escape``, in words.
ATTEMPTS = {
    "variables": "variables that it was not given",
    "descriptors": "open files that it was not given",
    "interfaces": "networks of the machine",
    "tcp": "a listener on the machine, by TCP",
    "udp": "a listener on the machine, by UDP",
    "abstract-socket": "an abstract Unix socket",
    "path-socket": "a Unix socket in a folder",
    "docker-socket": "Docker's socket",
    "other-sockets": "sockets past the network (AF_PACKET, AF_VSOCK)",
    "shadow": "the machine's passwords",
    "other-users": "home folders",
    "ledger": "the ledger",
    "cache": "the harness's cache",
    "home": "the harness's home folder",
    "expected-outputs": "the expected outputs",
    "other-cell": "another cell's folder",
    "temporary-folder": "the machine's temporary folder",
    "shared-memory": "the machine's shared memory",
    "write-outside": "writing outside of its folder",
    "write-environment": "writing to the environment",
    "parent-environment": "variables of other processes",
    "process-table": "other processes",
    "signals": "signals to other processes",
    "ptrace": "tracing a process",
    "rights": "rights of root",
    "setuid": "programs that run as root",
    "user-namespace": "a user namespace",
    "mount": "mounting",
    "keyring": "the kernel's keys",
    "devices": "memory and disks of the machine",
    "settings": "settings of the kernel",
    "fork-bomb": "400 processes",
}
PROMISED: Mapping[Level, frozenset[str]] = {
    Level.PROCESS: frozenset({"variables", "descriptors"}),
    Level.SANDBOX: frozenset(ATTEMPTS),
    # Tracing is possible within one container; whether AF_VSOCK is, depends on the engine's version.
    Level.CONTAINER: frozenset(ATTEMPTS) - {"ptrace", "other-sockets"},
}
_PROCESSES = 400
_LIMITS = Limits(seconds=60, processes=2 * _PROCESSES, log_bytes=LOG_BYTES)
_BOOTSTRAP = "import sys; sys.path[0] = '.'; from escape.main import main; main('task.json', 'answer.json')"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt to get out.

    Attributes:
        name: one of :data:`ATTEMPTS`.
        escaped: None if it could not be tried.
        detail: how far it came, in words.
    """

    name: str
    escaped: bool | None
    detail: str


def probe(
    confinement: Confinement, python: Path, *, mounts: Sequence[Mount] | None = None
) -> tuple[Attempt, ...]:
    """Make every attempt inside, with this interpreter.

    Elsewhere than on Linux, only what the level promises to stop is attempted.

    Args:
        mounts: what the interpreter needs; None for what one of this machine does.

    Raises:
        IsolationError: the interpreter cannot be started inside, or the probe did not come to its end.
    """
    mounts = environment_mounts(python) if mounts is None else mounts
    names = [name for name in ATTEMPTS if _makes_sense(name, confinement.level)]
    with ExitStack() as outside:
        folder = Path(outside.enter_context(tempfile.TemporaryDirectory(prefix="harness-probe-")))
        token = secrets.token_hex(16)
        cell = folder / "cell"
        shutil.copytree(
            Path(escape.__file__).parent, cell / "escape", ignore=shutil.ignore_patterns("__pycache__")
        )
        env = {"LANG": "C.UTF-8"}
        task = outside.enter_context(bait.laid_out(folder, token)) | {
            "attempts": names,
            "variables": list(env),
            "environment": str(python.parent.parent),
            "processes": _PROCESSES,
        }
        (cell / "task.json").write_bytes(jsonio.dumps(task))
        confinement.hand_over(cell)
        own = Mount(source=cell, target="/cell", writable=True)
        command = outside.enter_context(
            confinement.command(
                [str(python), "-S", "-s", "-B", "-c", _BOOTSTRAP],
                env=env,
                mounts=(*mounts, own),
                cwd=confinement.path(own),
            )
        )
        log = folder / "log"
        run_confined(command, log=log, limits=_LIMITS)
        try:
            return jsonio.read(cell / "answer.json", tuple[Attempt, ...])
        except ConfigurationError:
            said = proc.tail(log) or "it says nothing"
            raise IsolationError(
                f"{confinement.level.value}: the probe does not run inside with {python} ({said})"
            ) from None


def escapes(attempts: Sequence[Attempt], level: Level) -> list[Attempt]:
    """What got out although the level promises to stop it."""
    return [attempt for attempt in attempts if attempt.escaped and attempt.name in PROMISED[level]]


def _makes_sense(name: str, level: Level) -> bool:
    return sys.platform == "linux" or name in PROMISED[level]
