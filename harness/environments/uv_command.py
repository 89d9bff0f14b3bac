"""How uv is called: its program, its environment variables, and what becomes of a call that fails."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from uv import find_uv_bin

from harness import network, proc
from harness.environments import failure, pip_config
from harness.environments.attempt import Attempt
from harness.limits import LOG_BYTES, Limits

BUILD_TIMEOUT = 1800.0  # seconds; a slow network and 2 GB of wheels fit
_PASSED = frozenset(
    {"HOME", "LANG", "LC_ALL", "NETRC", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"}
    | {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
    | {"SSL_CERT_DIR", "SSL_CERT_FILE", "SSL_CLIENT_CERT"}
)
# What would make uv install something else than the lock, or into another place.
_DROPPED = frozenset(
    {"UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_EXCLUDE", "UV_EXCLUDE_NEWER", "UV_OVERRIDE", "UV_PRERELEASE"}
    | {"UV_NO_VERIFY_HASHES", "UV_REQUIRE_HASHES", "UV_RESOLUTION", "UV_TORCH_BACKEND"}
    | {"UV_BREAK_SYSTEM_PACKAGES", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_WORKING_DIR", "UV_WORKING_DIRECTORY"}
    | {"UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_VENV_CLEAR", "UV_VENV_RELOCATABLE", "UV_VENV_SEED"}
)


def settings(environ: Mapping[str, str] = os.environ) -> pip_config.UvSettings:
    """All environment variables for a call of uv, and options for calls that look for packages.

    A small list of the caller's variables goes through, and ``UV_*`` except those that would change the
    outcome; nothing else does (tokens, PYTHONPATH, preloaded libraries).
    """
    translated = pip_config.translate(environ)
    variables = dict(translated.variables)
    for name, value in environ.items():
        mine = name.startswith("UV_") and name not in _DROPPED
        if mine or name.upper() in _PASSED:  # proxies are also written in lower case
            variables[name] = value
    variables["PATH"] = environ.get("PATH") or os.defpath
    variables["NO_COLOR"] = "1"
    variables["UV_NO_PROGRESS"] = "1"
    # Interpreters are chosen by interpreter.py and handed over by full path.
    variables["UV_PYTHON_DOWNLOADS"] = "never"
    if network.offline(environ):
        variables["UV_OFFLINE"] = "1"
    return pip_config.UvSettings(variables=variables, arguments=translated.arguments)


def run(arguments: Sequence[str], attempt: Attempt, *, what: str, variables: Mapping[str, str]) -> None:
    """Run uv to its end.

    Args:
        what: the step in words, the beginning of the message if it fails.
        variables: see :func:`settings`.

    Raises:
        EnvironmentBuildError: it did not succeed.
        OSError: uv cannot be started.
        Interrupted: the attempt was cancelled.
    """
    ended = proc.run(
        [find_uv_bin(), *arguments],
        log=attempt.log,
        env=variables,
        cwd=attempt.cwd,
        limits=Limits(seconds=BUILD_TIMEOUT, log_bytes=LOG_BYTES),
        cancel=attempt.cancel,
    )
    if not ended.ok:
        raise failure.from_process(what, ended, attempt.log)
