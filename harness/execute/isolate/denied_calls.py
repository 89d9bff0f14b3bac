"""Which system calls no model needs, and ways out are made of.

Everything that is not named here is allowed. What cannot be known to be harmless by its number alone
(``clone``, ``ioctl``, ``personality``, ``socket``) is judged by the low half of one argument, since that is
all that the kernel looks at.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from enum import Enum

import msgspec


class Variant(str, Enum):
    """Which filter."""

    STRICT = "strict"  # for whatever runs a model's code
    WARM = "warm"  # for a fork server: its children make namespaces, and set the strict filter afterwards


MACHINES = ("x86_64", "aarch64")

# The numbers of each call on these; None where there is no such call.
_Numbers = dict[str, tuple[int, int | None]]

_NAMESPACES_AND_MOUNTS: _Numbers = {
    "unshare": (272, 97),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
}
_ALWAYS: _Numbers = {
    "setns": (308, 268),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # the kernel itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),  # it would do other calls unseen
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "uselib": (134, None),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    # keys outlive namespaces
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # files past their folders
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    # the machine
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
}
# Memory that no process is charged with: no limit would see it.
_UNSEEN_MEMORY: _Numbers = {"memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194)}
_JUDGED: _Numbers = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "prlimit64": (302, 261),
    "ioctl": (16, 29),
    "personality": (135, 92),
    "socket": (41, 198),
}
_NUMBERS = {**_NAMESPACES_AND_MOUNTS, **_ALWAYS, **_UNSEEN_MEMORY, **_JUDGED}

_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, …CGROUP, …UTS, …IPC, …USER, …PID, …NET
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # put input into a terminal
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_QUERY_PERSONALITY = 0xFFFFFFFF


class AnyBit(msgspec.Struct, frozen=True):
    """Of the argument of that index, one of these bits is set."""

    argument: int
    bits: int


class OneOf(msgspec.Struct, frozen=True):
    """The argument of that index is one of these."""

    argument: int
    values: tuple[int, ...]


class NoneOf(msgspec.Struct, frozen=True):
    """The argument of that index is none of these."""

    argument: int
    values: tuple[int, ...]


class Denial(msgspec.Struct, frozen=True):
    """A call that fails with this error number.

    Attributes:
        when: about the low half of an argument; None if it always fails.
    """

    call: str
    error: int = errno.EPERM
    when: AnyBit | OneOf | NoneOf | None = None


def denials(variant: Variant) -> Iterator[Denial]:
    """All that a filter denies, each call once."""
    yield from map(Denial, _ALWAYS)
    if variant is Variant.STRICT:
        yield from map(Denial, _NAMESPACES_AND_MOUNTS)
        yield Denial("clone", when=AnyBit(0, _NEW_NAMESPACES))
        # Its flags are in memory, out of reach; without it, libraries use clone.
        yield Denial("clone3", errno.ENOSYS)
        yield from (Denial(call, errno.ENOSYS) for call in _UNSEEN_MEMORY)
        # Of other processes, the one that watches over this one is the nearest.
        yield Denial("prlimit64", when=NoneOf(0, (0,)))
    yield Denial("ioctl", when=OneOf(1, (_TIOCSTI, _TIOCLINUX)))
    yield Denial("personality", when=NoneOf(0, (0, _QUERY_PERSONALITY)))
    yield Denial("socket", errno.EAFNOSUPPORT, NoneOf(0, (_AF_UNIX, _AF_INET, _AF_INET6)))


def number(call: str, machine: str) -> int | None:
    """The number of a denied call on a kind of machine; None if that has no such call."""
    return _NUMBERS[call][MACHINES.index(machine)]
