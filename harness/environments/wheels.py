"""Wheels into an environment that has a Python: the same call of uv for every backend."""

from __future__ import annotations

from pathlib import Path

from harness.environments import lock, torch_backend, uv_command
from harness.environments.attempt import Attempt
from harness.environments.pip_config import UvSettings
from harness.environments.spec import EnvironmentSpec, read_text


def install(spec: EnvironmentSpec, python: Path, attempt: Attempt, settings: UvSettings) -> None:
    """Install exactly what the lock pins beside what the environment holds already.

    Only wheels are installed: building a source distribution would run its code on the host, with packages
    that no lock pins. Files are checked against the lock's hashes where it has them.

    Args:
        python: the environment's interpreter.
        settings: see :func:`harness.environments.uv_command.settings`.

    Raises:
        EnvironmentBuildError: with the reason.
        OSError: uv cannot be started.
        Interrupted: the attempt was cancelled.
    """
    pins = lock.pins(read_text(spec.lock))
    attempt.on_progress(f"{spec.name}: installing {len(pins)} packages")
    torch = torch_backend.pinned(pins)
    variables = settings.variables
    if torch_backend.brings_cuda(pins):
        variables = torch_backend.without_cpu_builds(variables)
    arguments = ["pip", "install", "--python", str(python), "--only-binary", ":all:", "--no-deps"]
    arguments += [*settings.arguments, *torch_backend.arguments(spec, variables, wanted=torch)]
    arguments += ["--requirement", str(spec.lock.absolute())]
    what = f"{spec.name}: installing packages"
    uv_command.run(arguments, attempt, what=what, variables=variables)
