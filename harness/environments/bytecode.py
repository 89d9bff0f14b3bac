"""Bytecode for packages whose code must not run here."""

from __future__ import annotations

from pathlib import Path

from harness import proc
from harness.environments import uv_command
from harness.environments.attempt import Attempt
from harness.limits import LOG_BYTES, Limits


def compile_from_outside(prefix: Path, python: Path, attempt: Attempt) -> None:
    """Compile what is installed in ``prefix`` without starting its interpreter.

    An interpreter that starts in an environment runs the lines of code in its ``.pth`` files, which any
    package can bring along. The one that the environment was made from does not see them, and compiling runs
    nothing.

    What cannot be compiled (packages hold templates, and code for other Pythons) is compiled at each start.

    Args:
        python: the interpreter that the environment was made from.

    Raises:
        OSError: it cannot be started.
        Interrupted: the attempt was cancelled.
    """
    folders = [str(folder) for folder in sorted(prefix.glob("lib/python*/site-packages"))]
    proc.run(
        [str(python), "-I", "-S", "-m", "compileall", "-q", "-j", "0", *folders],
        log=attempt.log,
        env=uv_command.settings().variables,
        cwd=attempt.cwd,
        limits=Limits(seconds=uv_command.BUILD_TIMEOUT, log_bytes=LOG_BYTES),
        cancel=attempt.cancel,
    )
