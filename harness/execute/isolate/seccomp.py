"""Filters of system calls as the kernel takes them; what they deny is in :mod:`denied_calls`."""

from __future__ import annotations

import errno
import functools
import platform
import struct
from collections.abc import Iterable, Iterator

import msgspec

from harness.execute.isolate.denied_calls import (
    MACHINES,
    AnyBit,
    Denial,
    NoneOf,
    OneOf,
    Variant,
    denials,
    number,
)

__all__ = ["Variant", "program", "supported"]


class _Machine(msgspec.Struct, frozen=True):
    audit_arch: int
    foreign_bit: int  # of the number of a call of another convention; 0 if there is none


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 0x40000000),
    "aarch64": _Machine(0xC00000B7, 0),
}


def supported(machine: str | None = None) -> bool:
    """Whether there is a filter for this kind of machine."""
    return (machine or platform.machine()) in MACHINES


@functools.cache  # a forked cell needs it each time
def program(variant: Variant, machine: str | None = None) -> bytes:
    """The filter as an array of ``struct sock_filter``: for ``bwrap --seccomp`` and for ``prctl``.

    Args:
        machine: as :func:`platform.machine` calls it; this one if None.

    Raises:
        KeyError: there is no filter for this kind of machine, see :func:`supported`.
    """
    machine = machine or platform.machine()
    return b"".join(_instructions(variant, machine, _MACHINES[machine]))


def _instructions(variant: Variant, name: str, machine: _Machine) -> Iterator[bytes]:
    yield _load(_ARCH)
    yield _unless_equal(machine.audit_arch, then=[_deny(errno.ENOSYS)])
    yield _load(_NUMBER)
    if machine.foreign_bit:
        yield _if_any_bit(machine.foreign_bit, then=[_deny(errno.ENOSYS)])
    for denial in denials(variant):
        known = number(denial.call, name)
        if known is not None:
            yield _if_equal(known, then=_judged(denial))
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


def _judged(denial: Denial) -> Iterator[bytes]:
    """What becomes of a call that may be denied."""
    refused = [_deny(denial.error)]
    match denial.when:
        case None:
            yield from refused
        case AnyBit(argument, bits):
            yield from (_load_argument(argument), _if_any_bit(bits, refused), _ALLOW)
        case OneOf(argument, values):
            yield _load_argument(argument)
            yield from (*(_if_equal(value, refused) for value in values), _ALLOW)
        case NoneOf(argument, values):
            yield _load_argument(argument)
            yield from (*(_if_equal(value, [_ALLOW]) for value in values), *refused)


def _load_argument(index: int) -> bytes:
    """Its low half."""
    return _load(_ARGUMENTS + 8 * index)
