"""The harness's side of :mod:`harness.environments.conda.rattler_program`.

py-rattler is never imported by the harness itself: it may crash, and it cannot be stopped half-way.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import msgspec
from msgspec.structs import replace

from harness import jsonio, network, proc
from harness.environments import failure, uv_command
from harness.environments.attempt import Attempt
from harness.environments.conda.explicit import LockedPackage
from harness.environments.conda.request import Request
from harness.environments.failure import EnvironmentBuildError
from harness.limits import LOG_BYTES, Limits
from harness.paths import cache_folder
from harness.verdict import Reason

_PROGRAM = Path(__file__).with_name("rattler_program.py")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """See :class:`harness.environments.conda.rattler_program.Job`."""

    channels: dict[str, str | None]
    platform: str
    cache: str
    specs: tuple[str, ...] = ()
    preferred: tuple[LockedPackage, ...] = ()
    packages: tuple[LockedPackage, ...] = ()
    prefix: str | None = None
    virtual_packages: tuple[str, ...] | None = None
    offline: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """See :class:`harness.environments.conda.rattler_program.Reply`."""

    unsatisfiable: str = ""
    failed: str = ""
    channels: dict[str, str] = {}
    packages: tuple[LockedPackage, ...] = ()


def solve(
    request: Request,
    attempt: Attempt,
    *,
    preferred: tuple[LockedPackage, ...],
    virtual_packages: tuple[str, ...],
) -> tuple[LockedPackage, ...]:
    """What would be installed; raises like :func:`install`.

    Args:
        preferred: what to take where it fits.
        virtual_packages: what the machine has that is solved for.
    """
    job = replace(_job(request), specs=request.specs, preferred=preferred, virtual_packages=virtual_packages)
    return _run(job, attempt, what=f"{request.environment}: solving environment.yml").packages


def install(request: Request, prefix: Path, attempt: Attempt) -> tuple[LockedPackage, ...]:
    """Install what is locked, or else what solves the request; answers what was installed.

    Raises:
        EnvironmentBuildError: with the reason.
        OSError: the program cannot be started.
        Interrupted: the attempt was cancelled.
    """
    specs = () if request.locked else request.specs
    job = replace(_job(request), specs=specs, packages=request.locked, prefix=str(prefix))
    return _run(job, attempt, what=f"{request.environment}: conda packages").packages


def installed(request: Request, prefix: Path, attempt: Attempt) -> tuple[LockedPackage, ...]:
    """What somebody else has installed; raises like :func:`install`."""
    job = replace(_job(request), prefix=str(prefix))
    return _run(job, attempt, what=f"{request.environment}: reading what was installed").packages


def addresses(request: Request, attempt: Attempt) -> dict[str, str]:
    """The address of each channel; raises like :func:`install`."""
    return _run(_job(request), attempt, what=f"{request.environment}: locating the channels").channels


def variables(*prefixes: str) -> dict[str, str]:
    """All environment variables for a program of conda's kind: a small list of the caller's, and prefixes.

    Proxies and certificates are those that uv gets, wherever they are configured.
    """
    shared = uv_command.settings().variables.items()
    passed = {name: value for name, value in shared if not name.startswith("UV_")}
    return passed | {name: value for name, value in os.environ.items() if name.startswith(prefixes)}


def _job(request: Request) -> Job:
    cache = str(cache_folder() / request.cache)
    return Job(channels=request.channels, platform=request.platform, cache=cache, offline=network.offline())


def _run(job: Job, attempt: Attempt, *, what: str) -> Reply:
    with tempfile.TemporaryDirectory(prefix="harness-conda-") as name:
        scratch = Path(name)
        asked, told = scratch / "job.json", scratch / "reply.json"
        asked.write_bytes(msgspec.json.encode(job))
        ended = proc.run(
            [sys.executable, str(_PROGRAM), str(asked), str(told)],
            log=attempt.log,
            # py-rattler is wherever the harness is. The program's own folder is no place to import from.
            env={**variables("CONDA_OVERRIDE_", "RATTLER_", "PYTHONPATH"), "PYTHONSAFEPATH": "1"},
            cwd=scratch,
            limits=Limits(seconds=uv_command.BUILD_TIMEOUT, log_bytes=LOG_BYTES),
            cancel=attempt.cancel,
        )
        if not ended.ok:
            raise failure.from_process(what, ended, attempt.log)
        reply = (
            jsonio.read(told, Reply) if told.exists() else Reply(failed="py-rattler ended without a reply")
        )
    if reply.unsatisfiable:
        message = f"{what}: {reply.unsatisfiable}"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_UNSATISFIABLE, message, attempt.log)
    if reply.failed:
        raise failure.from_words(what, reply.failed, attempt.log)
    return reply
