"""Filters of system calls, as the kernel takes them: what no model needs and what ways out are made of.

A filter denies; everything that it does not name is allowed. What cannot be known to be harmless by its
number alone (``clone``, ``ioctl``, ``personality``, ``socket``) is judged by the low half of one argument,
since that is all that the kernel looks at.
"""

from __future__ import annotations

import errno
import functools
import platform
import struct
from collections.abc import Iterable, Iterator
from enum import Enum

import msgspec


class Variant(str, Enum):
    """Which filter."""

    STRICT = "strict"  # for whatever runs a model's code
    WARM = "warm"  # for a fork server: its children make namespaces, and set the strict filter afterwards


# Number of each call on x86_64 and on aarch64; None where there is no such call.
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
_CLONE, _CLONE3 = (56, 220), (435, 435)
_PRLIMIT = (302, 261)
_IOCTL, _PERSONALITY, _SOCKET = (16, 29), (135, 92), (41, 198)

_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, …CGROUP, …UTS, …IPC, …USER, …PID, …NET
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # put input into a terminal
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_QUERY_PERSONALITY = 0xFFFFFFFF


class _Machine(msgspec.Struct, frozen=True):
    audit_arch: int
    column: int  # in the tables above
    foreign_bit: int  # of the number of a call of another convention; 0 if there is none


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 0, 0x40000000),
    "aarch64": _Machine(0xC00000B7, 1, 0),
}


def supported(machine: str | None = None) -> bool:
    """Whether there is a filter for this kind of machine."""
    return (machine or platform.machine()) in _MACHINES


@functools.cache  # a forked cell needs it each time
def program(variant: Variant, machine: str | None = None) -> bytes:
    """The filter as an array of ``struct sock_filter``: for ``bwrap --seccomp`` and for ``prctl``.

    Args:
        machine: as :func:`platform.machine` calls it; this one if None.

    Raises:
        KeyError: there is no filter for this kind of machine, see :func:`supported`.
    """
    return b"".join(_instructions(variant, _MACHINES[machine or platform.machine()]))


def _instructions(variant: Variant, machine: _Machine) -> Iterator[bytes]:
    yield _load(_ARCH)
    yield _unless_equal(machine.audit_arch, then=[_deny(errno.ENOSYS)])
    yield _load(_NUMBER)
    if machine.foreign_bit:
        yield _if_any_bit(machine.foreign_bit, then=[_deny(errno.ENOSYS)])
    denied = dict(_ALWAYS)
    if variant is Variant.STRICT:
        denied |= _NAMESPACES_AND_MOUNTS
        # Its flags are in memory, out of reach; without it, libraries use clone.
        yield _if_equal(_CLONE3[machine.column], then=[_deny(errno.ENOSYS)])
        yield _argument_of(_CLONE, machine, 0, [_if_any_bit(_NEW_NAMESPACES, then=[_deny(errno.EPERM)])])
        for numbers in _UNSEEN_MEMORY.values():
            number = numbers[machine.column]
            yield _if_equal(number, then=[_deny(errno.ENOSYS)]) if number is not None else b""
        # Of other processes, the one that watches over this one is the nearest.
        yield _argument_of(_PRLIMIT, machine, 0, _only((0,), errno.EPERM))
    for numbers in denied.values():
        number = numbers[machine.column]
        if number is not None:
            yield _if_equal(number, then=[_deny(errno.EPERM)])
    terminal = [_if_equal(request, then=[_deny(errno.EPERM)]) for request in (_TIOCSTI, _TIOCLINUX)]
    yield _argument_of(_IOCTL, machine, 1, terminal)
    yield _argument_of(_PERSONALITY, machine, 0, _only((0, _QUERY_PERSONALITY), errno.EPERM))
    yield _argument_of(_SOCKET, machine, 0, _only((_AF_UNIX, _AF_INET, _AF_INET6), errno.EAFNOSUPPORT))
    yield _ALLOW


# Operations of the kernel's packet filter (linux/filter.h) and offsets in struct seccomp_data.
_LOAD_WORD, _JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_RETURN_ERROR, _RETURN_ALLOW = 0x00050000, 0x7FFF0000
_SIZE = 8


def _instruction(code: int, value: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, value)


def _load(offset: int) -> bytes:
    return _instruction(_LOAD_WORD, offset)


def _deny(number: int) -> bytes:
    return _instruction(_RETURN, _RETURN_ERROR | number)


_ALLOW = _instruction(_RETURN, _RETURN_ALLOW)


def _if_equal(value: int, then: Iterable[bytes]) -> bytes:
    body = b"".join(then)
    return _instruction(_JUMP_EQUAL, value, 0, len(body) // _SIZE) + body


def _unless_equal(value: int, then: Iterable[bytes]) -> bytes:
    body = b"".join(then)
    return _instruction(_JUMP_EQUAL, value, len(body) // _SIZE, 0) + body


def _if_any_bit(mask: int, then: Iterable[bytes]) -> bytes:
    body = b"".join(then)
    return _instruction(_JUMP_ANY_BIT, mask, 0, len(body) // _SIZE) + body


def _argument_of(call: tuple[int, int], machine: _Machine, index: int, judge: Iterable[bytes]) -> bytes:
    """If it is this call, judge the low half of an argument; what is left afterwards is allowed."""
    return _if_equal(call[machine.column], then=[_load(_ARGUMENTS + 8 * index), *judge, _ALLOW])


def _only(values: Iterable[int], number: int) -> list[bytes]:
    """Deny every other value."""
    return [*(_if_equal(value, then=[_ALLOW]) for value in values), _deny(number)]
