"""Sandboxes with a fault each, and a program that probes them: `python -m tests.execute.isolate.weakened`.

It prints {name of the sandbox: [names of attempts that got out]}; the first one is without a fault.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harness.execute.isolate import requirements
from harness.execute.isolate.bubblewrap import Bubblewrap
from harness.execute.isolate.level import Command, Mount
from harness.execute.isolate.probe import escapes, probe
from harness.limits import DEFAULTS, Limits

_ALLOW_EVERYTHING = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)


class Networked(Bubblewrap):
    """Shares the machine's network."""

    def options(self, uid: int, mounts: Sequence[Mount]) -> list[str]:
        return [option for option in super().options(uid, mounts) if option != "--unshare-net"]


class ShowsEverything(Bubblewrap):
    """Shows the machine's files at another place."""

    def options(self, uid: int, mounts: Sequence[Mount]) -> list[str]:
        return [*super().options(uid, mounts), "--bind", "/", "/machine"]


class WritableEnvironment(Bubblewrap):
    """Lets workers change what others run."""

    def options(self, uid: int, mounts: Sequence[Mount]) -> list[str]:
        options = super().options(uid, mounts)
        for mount in mounts:
            at = options.index(str(mount.source))
            options[at - 1] = "--bind"
        return options


class Unfiltered(Bubblewrap):
    """Allows every system call."""

    def filter(self) -> bytes:
        return _ALLOW_EVERYTHING


class Unscrubbed(Bubblewrap):
    """Starts bubblewrap with the variables of the harness."""

    @contextmanager
    def command(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        mounts: Sequence[Mount],
        cwd: str,
        limits: Limits = DEFAULTS,
        fds: Sequence[int] = (),
    ) -> Iterator[Command]:
        with super().command(argv, env=env, mounts=mounts, cwd=cwd, limits=limits, fds=fds) as given:
            yield msgspec.structs.replace(given, env=dict(os.environ))


class SharesProcesses(Bubblewrap):
    """Lets workers see all processes."""

    def options(self, uid: int, mounts: Sequence[Mount]) -> list[str]:
        return [option for option in super().options(uid, mounts) if option != "--unshare-pid"]


class KeepsRights(Bubblewrap):
    """Starts the worker without giving anything up."""

    def before(self, uid: int) -> list[str]:  # noqa: ARG002
        return []


class Unlimited(Bubblewrap):
    """Allows thousands of processes."""

    def before(self, uid: int) -> list[str]:
        return ["--nproc=9999:9999" if a.startswith("--nproc") else a for a in super().before(uid)]


EVERY = (
    Bubblewrap,
    Networked,
    ShowsEverything,
    WritableEnvironment,
    Unfiltered,
    Unscrubbed,
    SharesProcesses,
    KeepsRights,
    Unlimited,
)


def main() -> None:
    """Probe each of them with an environment that everybody could write to."""
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        python = Path(name, "prefix", "bin", "python")
        python.parent.mkdir(parents=True)
        python.symlink_to(Path(sys.executable).resolve())
        python.parent.parent.chmod(0o777)
        for kind in EVERY:
            sandbox = requirements.sandbox()
            sandbox.__class__ = kind
            got_out = escapes(probe(sandbox, python), sandbox.level)
            found[kind.__name__] = [attempt.name for attempt in got_out]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
