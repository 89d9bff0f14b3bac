"""The filters of system calls as an engine of containers takes them: JSON with the names of calls."""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterator

import msgspec

from harness.execute.isolate.denied_calls import AnyBit, Denial, NoneOf, OneOf, Variant, denials, number

_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_BITS = 32  # of an argument; the kernel ignores the others
_LOW_HALF = 2**_BITS - 1

# (argument & mask) == value: all that an engine can be asked about an argument once.
_Masked = tuple[int, int]


def profile(variant: Variant, machine: str | None = None) -> bytes:
    """What ``seccomp.program`` denies, for ``docker run --security-opt seccomp=FILE``.

    Args:
        machine: as :func:`platform.machine` calls it; this one if None.

    Raises:
        KeyError: there is no filter for this kind of machine, see ``MACHINES``.
    """
    machine = machine or platform.machine()
    denied = [denial for denial in denials(variant) if number(denial.call, machine) is not None]
    return msgspec.json.encode(
        {
            "defaultAction": "SCMP_ACT_ALLOW",
            "architectures": [_ARCHITECTURES[machine]],
            "syscalls": [_entry(denial, args) for denial in denied for args in _conditions(denial)],
        }
    )


def _entry(denial: Denial, args: list[dict[str, object]]) -> dict[str, object]:
    action = {"action": "SCMP_ACT_ERRNO", "errnoRet": denial.error}
    return {"names": [denial.call], **action, "args": args}


def _conditions(denial: Denial) -> Iterator[list[dict[str, object]]]:
    """Any of these is enough."""
    if denial.when is None:
        yield []
        return
    for mask, value in _masked(denial.when):
        yield [{"index": denial.when.argument, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}]


def _masked(when: AnyBit | OneOf | NoneOf) -> Iterator[_Masked]:
    match when:
        case AnyBit(bits=bits):
            yield from ((1 << bit, 1 << bit) for bit in range(_BITS) if bits >> bit & 1)
        case OneOf(values=values):
            yield from ((_LOW_HALF, value) for value in values)
        case NoneOf(values=values):
            yield from _all_but(values)


def _all_but(values: Collection[int], first: int = 0, bits: int = _BITS) -> Iterator[_Masked]:
    """All other numbers, from the first one ``2**bits`` of them, in blocks with the same upper bits."""
    half = 1 << bits >> 1
    if not any(first <= value < first + (1 << bits) for value in values):
        yield _LOW_HALF ^ ((1 << bits) - 1), first
    elif half:
        yield from _all_but(values, first, bits - 1)
        yield from _all_but(values, first + half, bits - 1)
