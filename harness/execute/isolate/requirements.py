"""What the sandbox needs of a machine, and what to do where it is missing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from harness import proc
from harness.errors import IsolationError
from harness.execute.isolate import seccomp
from harness.execute.isolate.bubblewrap import UIDS, Bubblewrap
from harness.execute.isolate.run import run_confined
from harness.limits import LOG_BYTES, Limits

_INSTALL = "install it with your system's package manager, e.g. `sudo apt install bubblewrap`"
_LIMITS = Limits(seconds=60, log_bytes=LOG_BYTES)
RESTRICTED = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
FORBIDDEN = Path("/proc/sys/kernel/unprivileged_userns_clone")  # Debian's own


def sandbox() -> Bubblewrap:
    """The sandbox as it can be had here.

    Raises:
        IsolationError: it cannot; says what to install or to set.
    """
    if sys.platform != "linux":
        raise IsolationError(
            f"no sandbox: it needs Linux, this is {sys.platform}; use a container or process"
        )
    if not seccomp.supported():
        raise IsolationError("no sandbox: there is a filter of system calls for x86_64 and aarch64 only")
    program = shutil.which("bwrap")
    if program is None:
        raise IsolationError(f"no sandbox: bubblewrap is not installed; {_INSTALL}")
    root = os.geteuid() == 0
    found = Bubblewrap(program=Path(program), helpers=_helpers(root), root=root)
    if root and not all(_maps(name, id_) for name in ("uid_map", "gid_map") for id_ in UIDS):
        raise IsolationError(
            f"no sandbox: this root has no unprivileged user ids ({UIDS[0]} to {UIDS[-1]}) for workers; "
            "give its container or namespace at least 65536 ids, or run as an ordinary user"
        )
    said = _trial(found)
    if said is not None:
        raise IsolationError(f"no sandbox: {_why(said, root)}")
    return found


def _helpers(root: bool) -> Path:
    needed = ("prlimit", "setpriv") if root else ("prlimit",)
    for name in needed:
        if not Path("/usr/bin", name).exists():
            raise IsolationError(f"no sandbox: /usr/bin/{name} is missing; install util-linux")
    return Path("/usr/bin")


def _maps(name: str, number: int) -> bool:
    """Whether a user or group id exists in this namespace; lines are: first id, outside, how many."""
    lines = Path("/proc/self", name).read_text("ascii").splitlines()
    ranges = (tuple(map(int, line.split())) for line in lines)
    return any(first <= number < first + count for first, _, count in ranges)


def _trial(found: Bubblewrap) -> str | None:
    """What bubblewrap says if it cannot start anything."""
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="harness-sandbox-"))
        given = opened.enter_context(found.command(["/usr/bin/true"], env={}, mounts=(), cwd="/"))
        log = Path(folder) / "log"
        ended = run_confined(given, log=log, limits=_LIMITS)
        return None if ended.ok else proc.tail(log, lines=1) or f"exit code {ended.exit_code}"


def _why(said: str, root: bool) -> str:
    """The reason behind what bubblewrap says, as far as the system tells it."""
    if "nknown option" in said:
        return f"bubblewrap is too old, 0.8 or newer is needed ({said}); {_INSTALL}"
    if root:
        return f"bubblewrap cannot make namespaces although this is root ({said}); a container must allow it"
    if _reads(RESTRICTED, "1"):
        return (
            "AppArmor forbids namespaces of ordinary users here; "
            "run `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` first, or run under sudo"
        )
    if _reads(FORBIDDEN, "0"):
        return (
            "this kernel forbids namespaces of ordinary users; "
            "run `sudo sysctl kernel.unprivileged_userns_clone=1` first, or run under sudo"
        )
    return f"bubblewrap cannot make namespaces ({said}); inside of a container, that must allow it"


def _reads(setting: Path, value: str) -> bool:
    try:
        return setting.read_text("ascii").strip() == value
    except OSError:
        return False
