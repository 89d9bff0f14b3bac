"""What keeps a process in a container: options of ``docker run`` for workers and for health checks."""

from __future__ import annotations

import os
from collections.abc import Sequence

from harness.limits import Limits

HARDENING = (
    *("--network", "none"),
    *("--read-only",),
    *("--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges"),
    *("--ipc", "private"),
    *("--hostname", "worker"),
    *("--stop-signal", "KILL"),  # process 1 heeds no other
    *("--log-driver", "none"),  # the engine would keep all output on its disk
    *("--ulimit", "core=0", "--ulimit", "nofile=4096"),
    *("--oom-score-adj", "500"),  # if the machine runs out of memory, rather this than the harness
    *("--no-healthcheck",),
    *("--pull", "never"),
)
TEMPORARY_BYTES = 2**30
_NOBODY = 65534
TASKS_PER_PROCESS = 2  # the engine counts threads, too
# What process 1 itself needs, which no limit of a worker counts.
_OWN_TASKS = 4
_OWN_BYTES = 16 * 1024**2


def worker_user() -> tuple[int, int]:
    """User and group id of workers."""
    return (_NOBODY, _NOBODY) if os.getuid() == 0 else (os.getuid(), os.getgid())


def confining(
    limits: Limits,
    *,
    user: tuple[int, int],
    swap_limit: bool,
    temporary_bytes: int = TEMPORARY_BYTES,
    hardening: Sequence[str] = HARDENING,
) -> list[str]:
    """All options of ``docker run`` that keep a process in, but for what it is shown.

    Args:
        limits: of memory and processes; the engine sees to them.
        user: user and group id.
        swap_limit: whether the engine can limit swap.
        temporary_bytes: size of /tmp and of /dev/shm, each; they are memory.
    """
    options = [*hardening, "--workdir", "/", "--user", f"{user[0]}:{user[1]}"]
    options += ["--shm-size", str(temporary_bytes)]
    options += ["--tmpfs", f"/tmp:rw,exec,nosuid,nodev,mode=1777,size={temporary_bytes}"]  # noqa: S108
    if limits.memory_bytes is not None:
        options += ["--memory", str(_OWN_BYTES + limits.memory_bytes)]
        if swap_limit:  # else there is a warning, and no swap is used
            options += ["--memory-swap", str(_OWN_BYTES + limits.memory_bytes)]
    if limits.processes is not None:
        options += ["--pids-limit", str(_OWN_TASKS + TASKS_PER_PROCESS * limits.processes)]
    return options
