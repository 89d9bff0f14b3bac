"""What starts a supervisor: a new process of the harness's interpreter, or one that is warm already."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Protocol

from harness.worker import supervisor

# The command can read the environment of its supervisor: it holds only what the interpreter itself may need.
_PASSED = ("DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "SYSTEMROOT")


class Handle(Protocol):
    """A running supervisor.

    Attributes:
        pid: its id, as the harness sees it.
        exit_code: how it ended, below zero the number of a signal; None while it runs, or if nobody knows.
    """

    pid: int

    @property
    def exit_code(self) -> int | None: ...

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; whether it has ended."""

    def resume(self) -> None:
        """Let it go on if it was halted."""

    def kill(self) -> None:
        """End it at once."""


class Host(Protocol):
    """Where supervisors are started.

    Attributes:
        depth: how many other supervisors are above them.
    """

    @property
    def depth(self) -> int: ...

    def start(self, orders: int, reports: int, output: int, *, fds: Sequence[int]) -> Handle:
        """Start one with these three as its descriptors 0, 1 and 2; the caller closes its own.

        Args:
            fds: descriptors that the command keeps under their numbers.

        Raises:
            OSError: it cannot be started.
        """


class OwnProcess:
    """A supervisor in a new process of this interpreter."""

    depth = 0

    def start(self, orders: int, reports: int, output: int, *, fds: Sequence[int]) -> Handle:
        """See :class:`Host`."""
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__],
            stdin=orders,
            stdout=reports,
            stderr=output,
            env={name: os.environ[name] for name in _PASSED if name in os.environ},
            pass_fds=fds,
            start_new_session=True,
        )
        return _Child(process)


class _Child:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def wait(self, seconds: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None

    def resume(self) -> None:
        if sys.platform != "win32":
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
