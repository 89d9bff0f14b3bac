"""What a process and everything below it use."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

import psutil

from harness.worker.supervisor import LISTS_CHILDREN, listed_children

_LONGEST_PAUSE = 0.5  # seconds between two looks at shared memory
_LONGEST_SUM = 0.2  # seconds of one look


class Tree:
    """The processes below a root, and those that were seen there and left it. The root is none of them.

    Attributes:
        cpu_seconds: processor time of all of them so far, also of those that have ended.
        peak_memory_bytes: the largest sum of their resident memory that was seen. One process counts as the
            system counts it; of several, shared pages count once where the system tells that (Linux).
        processes: how many there were at the last look.
    """

    def __init__(self, root: int) -> None:
        self.cpu_seconds = 0.0
        self.peak_memory_bytes = 0
        self.processes = 0
        self._root = root
        self._members: dict[int, psutil.Process] = {}
        self._own_cpu: dict[int, float] = {}  # of members when last seen
        self._ended_cpu = 0.0
        self._next_exact = 0.0

    def look(self) -> None:
        """Find the members and add up what they use."""
        members: dict[int, psutil.Process] = {}
        resident = 0
        accounted = 0.0
        for pid in self._walk():
            process = self._members.get(pid)
            with contextlib.suppress(psutil.Error):  # gone, or another user's
                process = members[pid] = process or psutil.Process(pid)
                with process.oneshot():
                    times = process.cpu_times()
                    # What a process waited for is added to its own account. Parents are read before their
                    # children: one that ends meanwhile is missed, never counted twice.
                    accounted += times.children_user + times.children_system
                    if pid != self._root:
                        own = self._own_cpu[pid] = times.user + times.system
                        accounted += own
                        resident += process.memory_info().rss
        members.pop(self._root, None)
        for pid in self._own_cpu.keys() - members.keys():
            self._ended_cpu += self._own_cpu.pop(pid)
        self._members = members
        self.processes = len(members)
        # Nobody is told of what a process used whose parent does not wait for it: it was seen, though.
        seen = self._ended_cpu + sum(self._own_cpu.values())
        self.cpu_seconds = max(self.cpu_seconds, accounted, seen)
        if resident > self.peak_memory_bytes:
            self.peak_memory_bytes = max(self.peak_memory_bytes, self._counted_once(resident))

    def running(self) -> list[psutil.Process]:
        """Those that were members at the last look and have not ended."""
        found: list[psutil.Process] = []
        for process in self._members.values():
            with contextlib.suppress(psutil.Error):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def _walk(self) -> Iterator[int]:
        """Parents before children, the root first; then members that are no longer below it."""
        seen: set[int] = set()
        yield from _below(self._root, seen)
        for pid, process in self._members.items():
            if pid not in seen and process.is_running():
                yield from _below(pid, seen)

    def _counted_once(self, resident: int) -> int:
        """The resident memory of all members with shared pages counted once; 0 if it is not time to ask.

        The system goes through all pages for that, about 10 ms for 1 GB.
        """
        if len(self._members) == 1 or sys.platform != "linux":
            return resident
        if time.monotonic() < self._next_exact:
            return 0
        clock = time.thread_time()
        total = 0
        for process in self._members.values():
            total += _proportional(process)
            if time.thread_time() - clock > _LONGEST_SUM:  # the limit on processes is what holds these
                total = 0
                break
        pause = 50 * (time.thread_time() - clock)
        self._next_exact = time.monotonic() + min(pause, _LONGEST_PAUSE)
        return total


def _below(root: int, seen: set[int]) -> Iterator[int]:
    """The process and all below it, parents first, without those that were seen."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if pid in seen:
            continue
        seen.add(pid)
        yield pid
        if LISTS_CHILDREN:
            waiting += listed_children(pid)
        elif pid == root:
            with contextlib.suppress(psutil.Error):
                waiting += [child.pid for child in reversed(psutil.Process(pid).children(recursive=True))]


def _proportional(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):  # gone
        try:
            if sys.platform == "linux":
                return process.memory_full_info().pss
        except psutil.AccessDenied:  # it closed itself to others
            pass
        return process.memory_info().rss
    return 0
