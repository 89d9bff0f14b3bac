"""Give a process a view of the machine of its own, in which other cells do not exist (Linux).

For a process that may not do more than any user: everything happens in a user namespace of its own. What it
may do there (mount, above all) is given up again before a model's code runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import socket
import struct
from typing import Any

# From linux/sched.h, sys/mount.h, linux/prctl.h and linux/capability.h.
_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = (
    1,
    4,
    22,
    24,
    38,
)
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_HIGHEST_CAPABILITY = 63
_SIGKILL = 9
_PER_USER = (("max_inotify_instances", 32), ("max_inotify_watches", 4096))
_MOST_FILES = 4096
_LOCKED = _NOSUID | _NODEV | _NOEXEC | 1024 | 2048  # NOATIME, NODIRATIME; statvfs has the same numbers
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1  # linux/sockios.h, linux/if.h

_libc = ctypes.CDLL(None, use_errno=True)


def separate() -> None:
    """Leave all namespaces but that of control groups; the next child is process 1 in its own.

    Of the network nothing is left but a loopback interface.

    The caller must have one thread. Raises OSError where the kernel or an outer sandbox forbids it.
    """
    user, group = os.getuid(), os.getgid()
    _check(_libc.unshare(_NEWUSER | _NEWNS | _NEWPID | _NEWIPC | _NEWUTS | _NEWNET), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    for name, most in _PER_USER:  # by default what one cell uses up is missing in the next
        with contextlib.suppress(OSError):
            _write(f"/proc/sys/user/{name}", str(most))
    _start_loopback()


def mount_all(mounts: list[dict[str, Any]]) -> None:
    """Lay out the files of process 1: ``{"kind", "target", ...}`` each, the last one on top.

    A "bind" shows its "source", read-only unless "writable" is true. A "tmpfs" has a "size" in bytes and
    "keeps" the folders below it, read-only, that would else vanish. A "proc" shows the processes of this
    namespace. Of what may be there or not, "empty" leaves nothing to see and "locked" nothing to write.
    """
    _mount("none", "/", "", _REC | _PRIVATE, "")
    for mount in mounts:
        target = mount["target"]
        if mount["kind"] == "bind":
            _bind(mount["source"], target, writable=mount["writable"])
        elif mount["kind"] == "tmpfs":
            kept = [(folder, os.open(folder, os.O_PATH)) for folder in mount["keeps"]]
            _mount("tmpfs", target, "tmpfs", _NOSUID | _NODEV, "mode=1777,size={}".format(mount["size"]))
            for folder, descriptor in kept:
                os.makedirs(folder)
                _bind(f"/proc/self/fd/{descriptor}", folder, writable=False)
                os.close(descriptor)
            if not mount["writable"]:
                _mount("none", target, "", _REMOUNT | _RDONLY | _NOSUID | _NODEV, "")
        elif mount["kind"] == "proc":
            _mount("proc", target, "proc", _NOSUID | _NODEV | _NOEXEC, "")
        elif mount["kind"] == "empty":
            _empty(target)
        elif os.path.exists(target):
            _bind(target, target, writable=False)


def give_up_privileges(seccomp: bytes, processes: int) -> None:
    """From here on nothing can be mounted, no namespace made, no privilege gained, whatever is executed.

    Args:
        processes: how many this user may have in its namespace, threads included.
        seccomp: a filter in the kernel's own format (struct sock_filter[]); none is set if it is empty.
    """
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    files = min(_MOST_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    for capability in range(_HIGHEST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last one
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing), "capset")
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _check(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")  # what watches over it is hidden, not it
    if seccomp:
        _set_filter(seccomp)


def hide() -> None:
    """Let nobody of the same user look into this process."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")


def die_with_parent() -> None:
    """Be killed when the parent ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0), "pdeathsig")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _set_filter(seccomp: bytes) -> None:
    program = _Program(len(seccomp) // 8, seccomp)
    _check(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0), "seccomp")


def _start_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _bind(source: str, target: str, *, writable: bool) -> None:
    _mount(source, target, "", _BIND | _REC, "")
    if not writable:
        kept = os.statvfs(target).f_flag & _LOCKED  # what the outer mount forbids must stay forbidden
        _mount("none", target, "", _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | kept, "")


def _empty(target: str) -> None:
    if os.path.isdir(target):
        _mount("tmpfs", target, "tmpfs", _RDONLY | _NOSUID | _NODEV | _NOEXEC, "mode=555,size=4096")
    elif os.path.exists(target):
        _mount(os.devnull, target, "", _BIND, "")


def _mount(source: str, target: str, kind: str, flags: int, data: str) -> None:
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode() or None)
    _check(_libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
