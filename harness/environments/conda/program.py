"""An installed micromamba, mamba or conda in py-rattler's place: HARNESS_CONDA names it, or its full path.

The program reads its user's configuration (certificates, proxies, logins), and variables set what would make
it install something else. It knows nothing of the ``pip:`` section.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from harness import network, proc
from harness.environments import failure, uv_command
from harness.environments.attempt import Attempt
from harness.environments.conda import platforms, rattler_process
from harness.environments.conda.explicit import LockedPackage
from harness.environments.conda.request import Request
from harness.environments.failure import EnvironmentBuildError
from harness.limits import LOG_BYTES, Limits
from harness.paths import cache_folder
from harness.verdict import Reason

VARIABLE = "HARNESS_CONDA"
_UNSATISFIABLE = re.compile(
    r"PackagesNotFoundError|ResolvePackageNotFound|UnsatisfiableError|Could not solve for environment specs"
    r"|nothing provides|The following packages are not available"
)


def chosen() -> str:
    """What HARNESS_CONDA names, empty for py-rattler."""
    return os.environ.get(VARIABLE, "")


def install(request: Request, prefix: Path, attempt: Attempt) -> tuple[LockedPackage, ...]:
    """Like :func:`harness.environments.conda.rattler_process.install`, with the chosen program."""
    program = shutil.which(chosen())
    if program is None:
        message = f"{request.environment}: {VARIABLE} is {chosen()!r}, and there is no such program"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)
    arguments = ["create", "--yes", "--quiet", "--prefix", str(prefix)]
    arguments += ["--offline"] if network.offline() else []
    with tempfile.TemporaryDirectory(prefix="harness-conda-") as scratch:
        if request.locked:
            addresses = rattler_process.addresses(request, attempt)
            lines = [f"{package.address(addresses)}#sha256:{package.sha256}" for package in request.locked]
            explicit = Path(scratch) / "explicit.txt"
            explicit.write_text("\n".join(["@EXPLICIT", *lines]) + "\n", "utf-8")
            arguments += ["--file", str(explicit)]
        else:
            arguments += ["--override-channels", "--strict-channel-priority"]
            for name, address in request.channels.items():
                arguments += ["--channel", address or name]
            arguments += request.specs
        _run([program, *arguments], request, attempt)
    return rattler_process.installed(request, prefix, attempt)


def _run(argv: list[str], request: Request, attempt: Attempt) -> None:
    program = Path(argv[0]).name
    ended = proc.run(
        argv,
        log=attempt.log,
        env=_variables(program),
        cwd=attempt.cwd,
        limits=Limits(seconds=uv_command.BUILD_TIMEOUT, log_bytes=LOG_BYTES),
        cancel=attempt.cancel,
    )
    if ended.ok:
        return
    error = failure.from_process(f"{request.environment}: {program} create", ended, attempt.log)
    unsatisfiable = error.reason is not Reason.DISK_FULL and _UNSATISFIABLE.search(error.message)
    reason = Reason.ENVIRONMENT_UNSATISFIABLE if unsatisfiable else error.reason
    raise EnvironmentBuildError(reason, error.message, attempt.log)


def _variables(program: str) -> dict[str, str]:
    cache = cache_folder() / "conda"
    variables = rattler_process.variables("CONDA_", "MAMBA_")
    variables.setdefault("MAMBA_ROOT_PREFIX", str(cache / "mamba"))
    # On the file system of the environments, so that files are linked and not copied. Each program unpacks in
    # a way of its own.
    variables["CONDA_PKGS_DIRS"] = str(cache / f"pkgs-{program}")
    # By default they add pip to every Python.
    variables["CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY"] = "false"
    variables["MAMBA_ADD_PIP_AS_PYTHON_DEPENDENCY"] = "false"
    if platform := os.environ.get(platforms.VARIABLE):
        variables["CONDA_SUBDIR"] = platform
    return variables
