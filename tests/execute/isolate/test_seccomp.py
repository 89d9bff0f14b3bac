"""The filters decide as they should: interpreted here for every machine, and set for real on this one."""

from __future__ import annotations

import errno
import socket
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.execute.isolate import seccomp
from harness.execute.isolate.seccomp import Variant
from tests.conftest import ROOT

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW = 0
X86_64 = {
    "read": 0,
    "clone": 56,
    "ioctl": 16,
    "socket": 41,
    "personality": 135,
    "unshare": 272,
    "clone3": 435,
}
NEWUSER = 0x10000000


def decide(program: bytes, number: int, *arguments: int, arch: int = AUDIT_ARCH["x86_64"]) -> int:
    """The error number that a call gets, 0 if it is allowed: what the kernel does with the filter."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<iIQ6Q", number if number < 2**31 else number - 2**32, arch, 0, *padded)
    position, word = 0, 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, 8 * position)
        position += 1
        if code == 0x20:
            (word,) = struct.unpack_from("<I", data, value)
        elif code == 0x15:
            position += if_true if word == value else if_false
        elif code == 0x45:
            position += if_true if word & value else if_false
        else:
            assert code == 0x06
            assert value & 0xFFFF0000 in (0x7FFF0000, 0x00050000)
            return int(value & 0xFFFF) if value & 0xFFFF0000 == 0x00050000 else ALLOW


STRICT = seccomp.program(Variant.STRICT, "x86_64")
WARM = seccomp.program(Variant.WARM, "x86_64")


@pytest.mark.parametrize(
    ("call", "arguments", "strict", "warm"),
    [
        ("read", (0,), ALLOW, ALLOW),
        ("unshare", (NEWUSER,), errno.EPERM, ALLOW),
        ("clone", (0x11,), ALLOW, ALLOW),  # fork
        ("clone", (0x3D0F00,), ALLOW, ALLOW),  # a thread
        ("clone", (0x11 | NEWUSER,), errno.EPERM, ALLOW),
        ("clone3", (0,), errno.ENOSYS, ALLOW),
        ("ioctl", (0, 0x5401), ALLOW, ALLOW),
        ("ioctl", (0, 0x5412), errno.EPERM, errno.EPERM),
        ("ioctl", (0, 0x5412 | 1 << 32), errno.EPERM, errno.EPERM),  # the kernel ignores the high half
        ("personality", (0xFFFFFFFF,), ALLOW, ALLOW),
        ("personality", (0x0040000,), errno.EPERM, errno.EPERM),
        ("socket", (socket.AF_INET,), ALLOW, ALLOW),
        ("socket", (16,), errno.EAFNOSUPPORT, errno.EAFNOSUPPORT),  # AF_NETLINK
        ("socket", (40,), errno.EAFNOSUPPORT, errno.EAFNOSUPPORT),  # AF_VSOCK
    ],
)
def test_what_is_allowed(call: str, arguments: tuple[int, ...], strict: int, warm: int) -> None:
    assert decide(STRICT, X86_64[call], *arguments) == strict
    assert decide(WARM, X86_64[call], *arguments) == warm


@given(number=st.integers(0, 2**32 - 1), arch=st.integers(0, 2**32 - 1))
def test_no_other_convention_of_calls_gets_past(number: int, arch: int) -> None:
    if arch != AUDIT_ARCH["x86_64"]:
        assert decide(STRICT, number, arch=arch) == errno.ENOSYS
    assert decide(STRICT, number | 0x40000000) == errno.ENOSYS  # x32


@given(number=st.integers(0, 500), argument=st.integers(0, 2**64 - 1))
def test_the_strict_filter_denies_whatever_the_warm_one_denies(number: int, argument: int) -> None:
    for machine, arch in AUDIT_ARCH.items():
        warm = decide(seccomp.program(Variant.WARM, machine), number, argument, argument, arch=arch)
        strict = decide(seccomp.program(Variant.STRICT, machine), number, argument, argument, arch=arch)
        assert warm in (ALLOW, strict)


@pytest.mark.parametrize(("call", "number"), [("unshare", 97), ("mount", 40), ("ptrace", 117), ("bpf", 280)])
def test_the_other_machines_numbers(call: str, number: int) -> None:
    program = seccomp.program(Variant.STRICT, "aarch64")
    assert decide(program, number, arch=AUDIT_ARCH["aarch64"]) == errno.EPERM
    assert decide(program, 63, arch=AUDIT_ARCH["aarch64"]) == ALLOW  # read


def test_a_machine_without_a_filter() -> None:
    assert not seccomp.supported("riscv64")
    with pytest.raises(KeyError):
        seccomp.program(Variant.STRICT, "riscv64")


SET_AND_TRY = """
import ctypes, socket, sys
from harness.worker import namespaces
namespaces.give_up_privileges(bytes.fromhex(sys.argv[1]), 256)
for family in (socket.AF_INET, 16, 40):
    try: print(socket.socket(family, socket.SOCK_DGRAM).family)
    except OSError as error: print(error.errno)
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x04000000) and ctypes.get_errno())
print(libc.ptrace(0, 0, None, None) and ctypes.get_errno())
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not seccomp.supported(), reason="needs Linux on x86_64 or aarch64"
)
def test_the_kernel_takes_it() -> None:
    program = seccomp.program(Variant.STRICT).hex()
    done = subprocess.run(
        [sys.executable, "-c", SET_AND_TRY, program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    refused = [errno.EAFNOSUPPORT, errno.EAFNOSUPPORT, errno.EPERM, errno.EPERM]
    assert done.stdout.split() == [str(int(socket.AF_INET)), *map(str, refused)]
