"""The contract of every level of isolation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from harness.errors import IsolationError
from harness.gpu.gpu import Gpu
from harness.isolation import Level
from harness.limits import DEFAULTS, Limits
from harness.proc import Finished
from harness.proc.host import Host, OwnProcess

__all__ = ["PROCESSES", "Command", "Confinement", "Level", "Mount"]

# And threads, of one worker: more than any limit allows, and few enough for the machine.
PROCESSES = 256 + 8 * (os.cpu_count() or 1)


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder of the machine as a worker sees it.

    Attributes:
        source: where it is on the machine, absolute.
        target: where the worker finds it, absolute. A level that hides nothing ignores it.
        writable: everything else is read-only where the level can enforce it. A later mount lies on top. What
            workers write to must have been handed over, see :meth:`Confinement.hand_over`.
    """

    source: Path
    target: str
    writable: bool = False


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What :func:`harness.execute.isolate.run.run_confined` is to start on the machine.

    Attributes:
        argv: the worker's command line with what confines it in front.
        env: the whole environment of ``argv[0]``.
        cwd: the working directory on the machine.
        fds: open descriptors that must be passed on under their numbers.
        host: where its supervisor is started.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: Path
    fds: tuple[int, ...] = ()
    host: Host = msgspec.field(default_factory=OwnProcess)

    def explain(self, finished: Finished) -> Finished:
        """How the worker ended, from how what confines it ended."""
        return finished


class Confinement(Protocol):
    """One level as it can be had on this machine; made by :func:`harness.execute.isolate.choose.choose`."""

    level: Level
    description: str  # in words, for people: "sandbox (bubblewrap as root, uid 65534)"

    def path(self, mount: Mount) -> str:
        """Where the worker finds what a mount shows: its target, or its source if nothing is hidden."""

    def hand_over(self, folder: Path) -> None:
        """Let workers write to a folder and read what is in it, before any of them has seen it."""

    def in_image(self, image: str) -> Confinement:
        """The same with the system of a container image in place of the machine's.

        Raises:
            IsolationError: this level runs no images.
        """

    def with_gpu(self, gpu: Gpu) -> Confinement:
        """The same for workers that may use this GPU, and no other."""

    def for_fork_server(self) -> Confinement:
        """The same for a process whose children confine themselves further; for trusted code only."""

    def command(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        mounts: Sequence[Mount],
        cwd: str,
        limits: Limits = DEFAULTS,
        fds: Sequence[int] = (),
    ) -> AbstractContextManager[Command]:
        """The command that runs ``argv`` confined, with nothing to read but a minimal system and the mounts.

        Args:
            argv: as the worker sees its files.
            env: the worker's whole environment.
            mounts: the environment's prefix and its base interpreter among them.
            cwd: as the worker sees it.
            limits: those that the level itself can hold; :mod:`harness.proc` holds them all.
            fds: descriptors that the worker keeps.
        """


def no_images(level: Level, image: str) -> IsolationError:
    """The error of a level that runs no images."""
    return IsolationError(
        f"{image} is an image, which runs in a container and not at the level {level.value}:"
        " leave out --isolation, or use environments of another --backend"
    )
