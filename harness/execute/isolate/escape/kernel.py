"""Attempts to gain rights and to change the machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import stat
from typing import Any, Callable

from .attempt import NotTriedError, Task, escaped, libc, status

_KEYCTL = {"x86_64": 250, "aarch64": 219}
_KEYCTL_GET_KEYRING_ID, _KEY_SPEC_USER_KEYRING = 0, -4
_CLONE_NEWUSER = 0x10000000
_MNT_DETACH = 2
_ST_NOSUID = 2
_SETTINGS = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/drop_caches",
    "/proc/sysrq-trigger",
    "/sys/devices/system/cpu/cpu1/online",
    "/sys/kernel/mm/transparent_hugepage/enabled",
)


def rights(_: Task) -> str:
    """Those of root."""
    held = status()["CapEff"]
    if os.geteuid() == 0 or int(held, 16):
        escaped("is user {} with rights {}".format(os.geteuid(), held))
    return "none, as user {}".format(os.geteuid())


def setuid(_: Task) -> str:
    """A program that would run as root."""
    if status()["NoNewPrivs"] == "1":
        return "no program gives rights"
    for folder in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and _gives_rights(path):
                    escaped(path + " would run as root")
    return "there is no such program"


def user_namespace(_: Task) -> str:
    """A namespace in which it would be root."""
    return _in_child(lambda library: library.unshare(_CLONE_NEWUSER) == 0, "made a user namespace")


def mount(_: Task) -> str:
    """A file system of its own."""
    folder = os.path.join(os.getcwd(), "mount").encode()
    os.makedirs(folder, exist_ok=True)

    def attempt(library: Any) -> bool:
        if library.mount(b"none", folder, b"tmpfs", ctypes.c_ulong(0), None) != 0:
            return False
        library.umount2(folder, _MNT_DETACH)
        return True

    return _in_child(attempt, "mounted a file system")


def keyring(_: Task) -> str:
    """The kernel's keys, which no namespace hides."""
    number = _KEYCTL.get(platform.machine())
    if number is None:
        raise NotTriedError("no number of the call is known for " + platform.machine())
    arguments = map(ctypes.c_long, (number, _KEYCTL_GET_KEYRING_ID, _KEY_SPEC_USER_KEYRING, 1))
    if libc().syscall(*arguments) >= 0:
        escaped("reached the keys of its user")
    return os.strerror(ctypes.get_errno())


def devices(_: Task) -> str:
    """The machine's memory and its disks."""
    for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg"):
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDONLY))
            escaped("opened " + path)
    with open("/proc/partitions", encoding="ascii") as partitions:
        numbers = [line.split()[:2] for line in partitions.readlines()[2:]]
    for major, minor in numbers[:8]:
        path = "disk-{}-{}".format(major, minor)
        with contextlib.suppress(OSError):
            os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(int(major), int(minor)))
            os.close(os.open(path, os.O_RDONLY))
            escaped("opened a disk by a node of its own")
    return "refused"


def settings(_: Task) -> str:
    """What the kernel can be told; nothing is changed."""
    for path in _SETTINGS:
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_WRONLY))
            escaped("may write " + path)
    name = os.uname().nodename.encode()
    if libc().sethostname(name, ctypes.c_size_t(len(name))) == 0:
        escaped("may set the machine's name")
    return "refused"


def _gives_rights(path: str) -> bool:
    found = os.stat(path)
    is_setuid = bool(found.st_mode & stat.S_ISUID) and found.st_uid == 0
    return is_setuid and not os.statvfs(path).f_flag & _ST_NOSUID


def _in_child(attempt: Callable[[Any], bool], how: str) -> str:
    """Try it in a process of its own: what succeeds changes the process."""
    child = os.fork()
    if child == 0:
        os._exit(0 if attempt(libc()) else ctypes.get_errno() or 1)
    code = os.waitpid(child, 0)[1] >> 8
    if code == 0:
        escaped(how)
    return os.strerror(code)
