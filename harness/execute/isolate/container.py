"""Level *container*: Docker containers without network, rights or anything to write to.

Process 1 is the supervisor of :mod:`harness.proc`, so limits, exit codes and signals are known as at the
other levels. The engine itself limits memory (a moment between two looks is enough to fill a machine) and the
number of tasks.

A container for each worker costs about half a second more than a process, and is filtered by the engine's
default profile. That allows no namespaces, without which cells that share a container could reach each other.
So the container of a fork server has a profile of our own, and each cell confines itself as in the sandbox.
"""

from __future__ import annotations

import copy
import csv
import io
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath

import msgspec
import psutil

from harness.environments.docker.hardening import (
    HARDENING,
    TEMPORARY_BYTES,
    confining,
    worker_user,
)
from harness.errors import IsolationError
from harness.execute.isolate import container_image, container_seccomp
from harness.execute.isolate.container_engine import LABEL, Engine, connect, owner
from harness.execute.isolate.container_host import INSIDE, ContainerHost, prepare
from harness.execute.isolate.level import PROCESSES, Command, Level, Mount
from harness.execute.isolate.open_folder import open_to_everybody
from harness.execute.isolate.seccomp import Variant
from harness.execute.scratch import scratch_folder
from harness.gpu import shown
from harness.gpu.gpu import Gpu
from harness.limits import DEFAULTS, Limits
from harness.proc import Finished

__all__ = ["HARDENING", "Container", "ContainerCommand", "container"]

_SHARE_OF_MEMORY = 0.9  # for all cells that are forked in one container


class ContainerCommand(Command, frozen=True, kw_only=True):
    """A command whose ``argv``, ``env`` and ``cwd`` are those in the container, which ``host`` starts."""

    host: ContainerHost

    def explain(self, finished: Finished) -> Finished:
        """How the command ended, with the limit that the engine held it to."""
        return msgspec.structs.replace(finished, limit=finished.limit or self.host.exceeded)


class Container:
    """Containers of one engine; :func:`container` finds it.

    Args:
        image: see :mod:`harness.execute.isolate.container_image`.
        shown: the system, where the image has none.
        user: user and group id of workers.
        cpus: how many processors a container may use; None for all.
        temporary_bytes: size of /tmp and of /dev/shm, each; they are memory.
        hardening: options of ``docker run`` that keep a worker in.
        warm: for a fork server, whose children make namespaces of their own: they must set the strict filter
            and limits before a model's code runs. The engine limits what all of them use together.
    """

    level = Level.CONTAINER

    def __init__(
        self,
        engine: Engine,
        *,
        image: str,
        shown: Sequence[Mount],
        user: tuple[int, int],
        cpus: float | None = None,
        temporary_bytes: int = TEMPORARY_BYTES,
        hardening: Sequence[str] = HARDENING,
        warm: bool = False,
    ) -> None:
        self.description = f"container (Docker {engine.info.server_version}, uid {user[0]}, image {image})"
        self._engine = engine
        self._image = image
        self._shown = tuple(shown)
        self._user = user
        self._cpus = cpus
        self._temporary_bytes = temporary_bytes
        self._hardening = tuple(hardening)
        self._warm = warm
        self._gpu: Gpu | None = None

    def path(self, mount: Mount) -> str:
        """Its target."""
        return mount.target

    def hand_over(self, folder: Path) -> None:
        """Let workers read and write a folder and what is in it, before any of them has seen it.

        So can everybody else: a folder above it must keep other users of the machine out.
        """
        if self._user[0] != os.getuid():
            open_to_everybody(folder)

    def in_image(self, image: str) -> Container:
        """The same in another image, which has a system of its own."""
        found = copy.copy(self)
        found._image, found._shown = image, ()
        return found

    def with_gpu(self, gpu: Gpu) -> Container:
        """The same with this GPU."""
        found = copy.copy(self)
        found._gpu = gpu
        return found

    def for_fork_server(self) -> Container:
        """The same for a fork server, see ``warm``."""
        found = copy.copy(self)
        found._warm = True
        return found

    @contextmanager
    def command(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        mounts: Sequence[Mount],
        cwd: str,
        fds: Sequence[int] = (),
        limits: Limits = DEFAULTS,
    ) -> Iterator[ContainerCommand]:
        """See :class:`~harness.execute.isolate.level.Confinement`.

        Args:
            argv: its first word is an interpreter (Python 3.8 or newer), in which the supervisor runs, too.
            limits: what the engine itself sees to; of a fork server it limits all cells together.
        """
        with scratch_folder() as private:
            start = Mount(source=prepare(private / "start"), target=INSIDE)
            options = self.options((*self._shown, *mounts, start), _together() if self._warm else limits)
            host = ContainerHost(
                self._engine,
                f"{LABEL}-{secrets.token_hex(8)}",
                (*options, *(self.allowing_namespaces(private) if self._warm else ())),
                image=self._image,
                python=argv[0],
                folder=start.source,
            )
            with closing(host):
                yield ContainerCommand(
                    argv=tuple(argv), env=dict(env), cwd=Path(cwd), fds=tuple(fds), host=host
                )

    def options(self, mounts: Sequence[Mount], limits: Limits) -> tuple[str, ...]:
        """Options of ``docker run``, but for the name."""
        options = confining(
            limits,
            user=self._user,
            swap_limit=self._engine.info.swap_limit,
            temporary_bytes=self._temporary_bytes,
            hardening=self._hardening,
        )
        options += ["--label", f"{LABEL}={owner()}"]
        if self._cpus is not None:
            options += ["--cpus", f"{self._cpus:g}"]
        for mount in _visible(mounts):
            options += ["--mount", _in_words(mount)]
        return (*options, *self._options_of_gpu())

    def _options_of_gpu(self) -> list[str]:
        """An image gets the driver from NVIDIA's toolkit; the machine's own system has it already."""
        if self._gpu is None:
            return []
        if not self._shown:
            return ["--gpus", f"device={self._gpu.uuid}"]
        devices = [f"--device={path}" for path in shown.device_nodes(self._gpu)]
        mounts = [Mount(source=path, target=str(path)) for path in shown.driver_libraries()]
        return [*devices, *(option for mount in mounts for option in ("--mount", _in_words(mount)))]

    def allowing_namespaces(self, folder: Path) -> tuple[str, ...]:
        """Options without which nobody inside could make any; ``folder`` is for what they name."""
        profile = folder / "seccomp.json"
        profile.write_bytes(container_seccomp.profile(Variant.WARM))
        # Nobody may mount a /proc of their own where a part of it is covered: each cell covers it again.
        options = ["--security-opt", f"seccomp={profile}", "--security-opt", "systempaths=unconfined"]
        if self._engine.info.has("apparmor"):  # the engine's own profile forbids to mount
            options += ["--security-opt", "apparmor=unconfined"]
        return tuple(options)


def container(*, cpus: float | None = None) -> Container:
    """Containers as they can be had here.

    The variable HARNESS_CONTAINER_IMAGE names an image whose system is shown in place of the machine's. The
    environment's interpreter must be able to run in it.

    Raises:
        IsolationError: there are none; says what to install, to start or to set.
    """
    if sys.platform != "linux":
        raise IsolationError(
            f"no container: environments of {sys.platform} do not run in one: use Linux, or the level process"
        )
    engine = connect()
    engine.sweep()
    user = worker_user()
    if name := os.environ.get("HARNESS_CONTAINER_IMAGE"):
        return Container(
            engine, image=container_image.named_image(engine, name), shown=(), user=user, cpus=cpus
        )
    image = container_image.own_image(engine, uid=user[0], gid=user[1])
    return Container(engine, image=image, shown=container_image.system_mounts(), user=user, cpus=cpus)


def _together() -> Limits:
    """Of all cells below one fork server, so that something of the machine is left for the harness."""
    memory = int(_SHARE_OF_MEMORY * psutil.virtual_memory().total)
    return Limits(memory_bytes=memory, processes=(os.cpu_count() or 1) * PROCESSES)


def _visible(mounts: Sequence[Mount]) -> list[Mount]:
    """Those that no later one hides: the engine sorts them by their targets."""
    visible: list[Mount] = []
    for mount in mounts:
        target = PurePosixPath(mount.target)
        visible = [other for other in visible if not PurePosixPath(other.target).is_relative_to(target)]
        visible.append(mount)
    return visible


def _in_words(mount: Mount) -> str:
    """The value of ``--mount``, one line of CSV."""
    fields = ["type=bind", f"source={mount.source}", f"target={mount.target}", "bind-propagation=rprivate"]
    fields += [] if mount.writable else ["readonly"]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()
