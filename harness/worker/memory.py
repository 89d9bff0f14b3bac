"""Make a large process cheap to fork (Linux 6.1 or newer; elsewhere nothing happens).

To fork is to copy the table of all pages, and to end is to give each one back: 70,000 of them for 280 MB,
about 10 ms each way. Of huge pages there are 140. What a child writes to is copied in small pages as ever.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from typing import Iterator

_MADV_COLLAPSE = 25  # linux/mman.h
_HUGE = 2 * 1024**2


def use_huge_pages() -> None:
    """Move what this process has in memory into huge pages, as far as there are any."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    for start, end in _own_memory():
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_COLLAPSE)


def _own_memory() -> Iterator[tuple[int, int]]:
    """The heap and all that was allocated beside it, cut to whole huge pages."""
    with contextlib.suppress(OSError), open("/proc/self/maps", encoding="ascii") as maps:
        for line in maps.readlines():
            place, rights, _, _, _, *name = line.split()
            if rights == "rw-p" and name in ([], ["[heap]"]):
                first, last = (int(number, 16) for number in place.split("-"))
                start, end = -(-first // _HUGE) * _HUGE, last // _HUGE * _HUGE
                if start < end:
                    yield start, end
