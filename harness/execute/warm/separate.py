"""What a forked cell does to be alone, as ``harness.worker.forkserver`` is told."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.execute.isolate import seccomp
from harness.execute.isolate.level import PROCESSES, Mount

CELLS = "/cells"  # where a fork server sees the folders of all cells
_TEMPORARY_BYTES = 2**30
_OWN = ("/tmp", "/dev/shm")  # noqa: S108
# What the processes of one container share, and no cell needs.
_SHARED = ("/dev/mqueue", "/dev/pts")
# What an engine hides of a container, and cannot where namespaces are to be made: nobody may mount a /proc of
# their own where a part of it is covered. (github.com/moby/moby, oci/defaults.go)
_HIDDEN = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
)
_LOCKED = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_SYS = ("/sys/devices/system/cpu", "/sys/devices/system/node")


def separation(cell: Sequence[Mount], *, folder: str, shown: Sequence[Mount]) -> Mapping[str, Any]:
    """The part "separate" of a request.

    Args:
        cell: what the cell is to see of its own folder, which is the first of them.
        folder: that folder as the fork server sees it.
        shown: what else the fork server sees, and the cell as well.
    """
    own, *_ = cell
    binds = [
        {
            "kind": "bind",
            "source": f"{folder}{mount.target.removeprefix(own.target)}",
            "target": mount.target,
            "writable": mount.writable,
        }
        for mount in cell
    ]
    kept = [mount.target for mount in shown] + [name for name in _SYS if Path(name).is_dir()]
    covers = [(CELLS, 4096, False), ("/sys", 4096, False), *((name, _TEMPORARY_BYTES, True) for name in _OWN)]
    covered = [
        {
            "kind": "tmpfs",
            "target": name,
            "size": size,
            "writable": writable,
            "keeps": [target for target in kept if target.startswith(f"{name}/")],
        }
        for name, size, writable in covers
    ]
    rest = [
        *({"kind": "empty", "target": name} for name in _SHARED),
        {"kind": "proc", "target": "/proc"},
        *({"kind": "empty", "target": name} for name in _HIDDEN),
        *({"kind": "locked", "target": name} for name in _LOCKED),
    ]
    strict = seccomp.program(seccomp.Variant.STRICT)
    return {
        "mounts": [*binds, *covered, *rest],
        "processes": PROCESSES,
        "seccomp": base64.b64encode(strict).decode(),
    }
