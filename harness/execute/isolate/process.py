"""Level *process*: a process of its own with clean variables, and nothing that would hide the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.execute.isolate.level import Command, Level, Mount, no_images
from harness.gpu.gpu import Gpu
from harness.limits import DEFAULTS, Limits


class Process:
    """For collections that you trust: a model can read and write whatever the user can.

    Its variables are those that it is given, it inherits no descriptor, and :mod:`harness.proc` sees to it
    that it keeps its limits and leaves no process behind.
    """

    level = Level.PROCESS

    def __init__(self, *, because: str = "") -> None:
        """``because``: why nothing stronger was chosen."""
        self.description = f"process ({because or 'nothing is hidden'}; only for models that you trust)"

    def path(self, mount: Mount) -> str:
        """Where it is on the machine."""
        return str(mount.source)

    def hand_over(self, folder: Path) -> None:
        """The worker is the same user."""

    def in_image(self, image: str) -> Process:
        """Not to be had."""
        raise no_images(self.level, image)

    def with_gpu(self, gpu: Gpu) -> Process:  # noqa: ARG002  no device is hidden
        """The same; a variable tells CUDA which one."""
        return self

    def for_fork_server(self) -> Process:
        """The same."""
        return self

    @contextmanager
    def command(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        mounts: Sequence[Mount],  # noqa: ARG002  they are where they are
        cwd: str,
        limits: Limits = DEFAULTS,  # noqa: ARG002  harness.proc holds them
        fds: Sequence[int] = (),
    ) -> Iterator[Command]:
        """The command as it is."""
        yield Command(argv=tuple(argv), env=dict(env), cwd=Path(cwd), fds=tuple(fds))
