"""The health check: the environment's own script, run with its interpreter as everything else will be."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from harness import proc
from harness.environments.attempt import Attempt
from harness.environments.built import variables_for
from harness.environments.docker import inside
from harness.environments.docker.engine import EngineError
from harness.environments.failure import EnvironmentBuildError, from_words, how_it_ended
from harness.environments.spec import EnvironmentSpec
from harness.limits import LOG_BYTES, Limits
from harness.verdict import Reason

TIMEOUT = 300.0  # seconds; the slowest framework imports in 10


def check(spec: EnvironmentSpec, python: Path, attempt: Attempt, *, image: str | None = None) -> None:
    """Run ``health.py``.

    Args:
        image: what the interpreter is in, if it is not on this machine.

    Raises:
        EnvironmentBuildError: environment-unhealthy, with the last lines of its output; or why the image
            could not be run.
        OSError: the interpreter cannot be started.
        Interrupted: the attempt was cancelled.
    """
    variables = variables_for(python, spec.variables, threads=1)
    if image is not None:
        ended = _in_image(spec, python, image, attempt, variables)
    else:
        with tempfile.TemporaryDirectory(prefix="harness-health-") as scratch:
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


def _in_image(
    spec: EnvironmentSpec, python: Path, image: str, attempt: Attempt, variables: dict[str, str]
) -> proc.Finished:
    with tempfile.TemporaryDirectory(prefix="harness-health-") as scratch:
        script = Path(shutil.copyfile(spec.health, Path(scratch) / "health.py"))
        script.chmod(0o644)  # others must read it
        try:
            return inside.run(
                image,
                [str(python), inside.SHOWN],
                attempt,
                env={**variables, "HOME": "/tmp", "TMPDIR": "/tmp"},  # noqa: S108  the container's own
                seconds=TIMEOUT,
                shown=script,
            )
        except EngineError as error:
            what = f"{spec.name}: no health check, since the Docker engine cannot be used"
            raise from_words(what, str(error), attempt.log) from error
