"""The health check: the environment's own script, run with its interpreter as everything else will be."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness import proc
from harness.environments.attempt import Attempt
from harness.environments.built import variables_for
from harness.environments.failure import EnvironmentBuildError, how_it_ended
from harness.environments.spec import EnvironmentSpec
from harness.limits import LOG_BYTES, Limits
from harness.verdict import Reason

TIMEOUT = 300.0  # seconds; the slowest framework imports in 10


def check(spec: EnvironmentSpec, python: Path, attempt: Attempt) -> None:
    """Run ``health.py``.

    Raises:
        EnvironmentBuildError: environment-unhealthy, with the last lines of its output.
        OSError: the interpreter cannot be started.
        Interrupted: the attempt was cancelled.
    """
    with tempfile.TemporaryDirectory(prefix="harness-health-") as scratch:
        variables = variables_for(python, spec.variables, threads=1)
        ended = proc.run(
            [str(python), str(spec.health.absolute())],
            log=attempt.log,
            env={**variables, "HOME": scratch, "TMPDIR": scratch},
            cwd=Path(scratch),
            limits=Limits(seconds=TIMEOUT, log_bytes=LOG_BYTES),
            cancel=attempt.cancel,
        )
    if not ended.ok:
        how = how_it_ended(ended)
        message = f"{spec.name}: the health check failed ({how})\n{proc.tail(attempt.log)}"
        raise EnvironmentBuildError(Reason.ENVIRONMENT_UNHEALTHY, message, attempt.log)
