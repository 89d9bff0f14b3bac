"""The engine's filter denies what the kernel's does, and an engine takes it."""

from __future__ import annotations

import json
import platform
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import proc
from harness.execute.isolate import container_seccomp, seccomp
from harness.execute.isolate.denied_calls import MACHINES, Variant, denials, number

from .containers import confinement, run
from .test_seccomp import AUDIT_ARCH, decide

EVERY = [(variant, machine) for variant in Variant for machine in MACHINES]
PROFILES = {both: json.loads(container_seccomp.profile(*both)) for both in EVERY}
PROGRAMS = {both: seccomp.program(*both) for both in EVERY}
CALLS = [denial.call for denial in denials(Variant.STRICT)]
# What lies next to what is told apart, and anything else; the kernel ignores the high half.
EDGES = [
    0,
    1,
    2,
    3,
    9,
    10,
    11,
    0x5411,
    0x5412,
    0x5413,
    0x541C,
    0x3D0F00,
    0x10000011,
    2**31,
    2**32 - 2,
    2**32 - 1,
]
ARGUMENT = st.one_of(st.sampled_from(EDGES), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))


def decide_by(profile: dict[str, Any], call: str, *arguments: int) -> int:
    """The error number that a call gets, 0 if it is allowed: what an engine does with the profile."""
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    errors = {
        entry["errnoRet"]
        for entry in profile["syscalls"]
        if call in entry["names"]
        and all(arguments[arg["index"]] & arg["value"] == arg["valueTwo"] for arg in entry["args"])
    }
    assert len(errors) <= 1
    return errors.pop() if errors else 0


@given(st.sampled_from(EVERY), st.sampled_from(CALLS), ARGUMENT, ARGUMENT)
def test_it_denies_what_the_kernels_filter_denies(
    both: tuple[Variant, str], call: str, first: int, second: int
) -> None:
    known = number(call, both[1])
    if known is None:
        assert decide_by(PROFILES[both], call, first, second) == 0
    else:
        asked = decide(PROGRAMS[both], known, first, second, arch=AUDIT_ARCH[both[1]])
        assert decide_by(PROFILES[both], call, first, second) == asked


@pytest.mark.parametrize("both", EVERY)
def test_an_engine_is_asked_one_thing_about_one_argument(both: tuple[Variant, str]) -> None:
    """It cannot be asked two things about the same one, and some engines refuse to try."""
    entries = PROFILES[both]["syscalls"]
    assert {arg["op"] for entry in entries for arg in entry["args"]} == {"SCMP_CMP_MASKED_EQ"}
    assert {len(entry["args"]) for entry in entries} == {0, 1}
    assert len(entries) < 250  # the kernel takes 4096 instructions


TRY = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def tried(name, *arguments):
    return 0 if getattr(libc, name)(*map(ctypes.c_ulong, arguments)) >= 0 else ctypes.get_errno()
def opened(family):
    try: socket.socket(family, socket.SOCK_DGRAM).close()
    except OSError as error: return error.errno
    return 0
print([opened(family) for family in (1, 2, 10, 16, 17, 40)])
print([tried("personality", value) for value in (0xFFFFFFFF, 0, 0x0040000, 8)])
print([tried("ptrace", 0, 0, 0, 0), tried("unshare", 0x10000000)])
"""


def test_an_engine_takes_it(tmp_path: Path) -> None:
    if platform.machine() not in MACHINES:
        pytest.skip("needs x86_64 or aarch64")
    assert run(TRY, tmp_path, inside=confinement().for_fork_server()).ok, proc.tail(tmp_path / "log")
    assert proc.tail(tmp_path / "log").splitlines() == [
        str([0, 0, 0, 97, 97, 97]),
        "[0, 0, 1, 1]",
        "[1, 0]",
    ]
    assert (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6) == (1, 2, 10)
